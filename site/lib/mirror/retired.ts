import type { Build } from '../../schemas/build.ts';
import type { DagHash } from '../../schemas/digest.ts';
import type { Removed } from '../../schemas/removed.ts';
import { compareTexts } from '../spack/versions.ts';

/** Share of the budget for builds that are no longer listed. */
const RETIRED_SHARE = 0.1;

/** A build that is no longer in any index, but still served for clients with an older index. */
export interface RetiredBuild {
  build: Build;
  /** Its spec manifest, as the mirror served it. */
  manifest: string;
}

/** Removed builds within their grace period that have not been published again, the last removed first. */
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

/** Takes retired builds in order, as many as fit into their share of the budget (in bytes). */
export function takeRetired(retired: readonly RetiredBuild[], budget: number): RetiredBuild[] {
  let room = RETIRED_SHARE * budget;
  return retired.filter(({ build: { tarball } }) => {
    if (tarball.size > room) return false;
    room -= tarball.size;
    return true;
  });
}
