import { compareVersions } from '../../lib/spack/versions.ts';

/**
 * Marks which of the versions fit what may follow `@` in a spec: `1.14` (and all below it, such as 1.14.6), `=1.14`,
 * `1.12:1.14`, `1.12:`, `:1.14`, or several of them joined by `,`. The versions come in Spack's order, the lowest first.
 */
export function markVersions(versions: readonly string[], constraint: string): Uint8Array {
  const marks = new Uint8Array(versions.length);
  for (const part of constraint.split(',').filter(Boolean)) markPart(versions, part, marks);
  return marks;
}

function markPart(versions: readonly string[], part: string, marks: Uint8Array): void {
  const exact = part.startsWith('=') ? part.slice(1) : undefined;
  if (exact !== undefined) {
    const place = versions.indexOf(exact);
    if (place >= 0) marks[place] = 1;
    return;
  }
  const [low = '', high = ''] = part.includes(':') ? part.split(':') : [part, part];
  if (low === high) {
    for (const [place, version] of versions.entries()) if (isBelow(version, low)) marks[place] = 1;
    return;
  }
  const first = low ? findFirst(versions, low) : 0;
  for (let place = first; place < versions.length; place += 1) {
    const version = versions[place] ?? '';
    if (high && !isBelow(version, high) && compareVersions(version, high) > 0) break;
    marks[place] = 1;
  }
}

/** Whether a version is another or has it as its first components: 1.14.6 is below 1.14, 1.140 is not. */
function isBelow(version: string, prefix: string): boolean {
  if (!version.startsWith(prefix)) return false;
  const [end = '', next = ''] = [prefix.at(-1), version[prefix.length]];
  return next === '' || !/^(\d\d|[a-zA-Z]{2})$/.test(end + next);
}

/** The first place whose version is not lower than a version. */
function findFirst(versions: readonly string[], version: string): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareVersions(versions[middle] ?? '', version) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
