import { parseVersionRanges } from '../../lib/spack/version-ranges.ts';

/**
 * Marks which of the versions fit what may follow `@` in a spec, as Spack reads it; none for what it refuses. The
 * versions come in Spack's order, the lowest first. A comma at the end is one that is being typed.
 */
export function markVersions(versions: readonly string[], constraint: string): Uint8Array {
  const marks = new Uint8Array(versions.length);
  for (const range of parseVersionRanges(constraint.replace(/,+$/, '')) ?? []) {
    for (let place = findFirst(versions, range.compare); place < versions.length; place += 1) {
      const version = versions[place] ?? '';
      if (range.compare(version) > 0) break;
      if (range.fits(version)) marks[place] = 1;
    }
  }
  return marks;
}

/** The first place whose version is not below an interval. */
function findFirst(versions: readonly string[], compare: (version: string) => number): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(versions[middle] ?? '') < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
