import type { Build } from '../../schemas/build.ts';
import type { DagHash } from '../../schemas/digest.ts';
import type { Removed } from '../../schemas/removed.ts';
import { compareTexts } from '../spack/versions.ts';

/** The share of the budget that builds which are no longer listed may take. */
const RETIRED_SHARE = 0.1;

/** A build that no index lists any more, and that is served to clients with an older index. */
export interface RetiredBuild {
  build: Build;
  /** Its spec manifest, as the mirror served it. */
  manifest: string;
}

/** Removed builds whose grace is not over and that have not been published again, those removed last first. */
export function listRetired(
  removed: Iterable<Removed>,
  builds: { has(hash: DagHash): boolean },
): RetiredBuild[] {
  const removedAt = ({ stays }: Removed): string => stays.at(-1)?.removed ?? '';
  return [...removed]
    .filter(({ hash, grace }) => grace !== undefined && !builds.has(hash))
    .sort((a, b) =>
      removedAt(a) > removedAt(b) ? -1 : Number(removedAt(a) < removedAt(b)) || compareTexts(a.hash, b.hash),
    )
    .flatMap(({ grace }) => grace ?? []);
}

/** As many of them, in their order, as there is room for in their share of the budget (bytes). */
export function takeRetired(retired: readonly RetiredBuild[], budget: number): RetiredBuild[] {
  let room = RETIRED_SHARE * budget;
  return retired.filter(({ build: { tarball } }) => {
    if (tarball.size > room) return false;
    room -= tarball.size;
    return true;
  });
}
