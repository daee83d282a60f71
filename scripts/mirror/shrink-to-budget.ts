import prettyBytes from 'pretty-bytes';
import { planMirror, type MirrorInput, type MirrorPlan } from '../../site/lib/mirror/plan.ts';
import type { Dist } from './dist.ts';
import { keptIndexesText, type PreviousIndex } from './previous-indexes.ts';

/** What is in `dist/` besides what a plan counts. */
export interface Occupied {
  /** Bytes of the site's own files as they were built. */
  siteBytes: number;
  /** The index blobs that stay from the deployment before. */
  live: readonly PreviousIndex[];
}

/** A plan that fits, and the indexes of the deployment before that do too. */
export interface ShrunkPlan {
  plan: MirrorPlan;
  live: readonly PreviousIndex[];
  /** Those that would take more than the budget with the smallest plan. */
  dropped: readonly PreviousIndex[];
}

/**
 * The plan that the site was built from, or a smaller one when pages or kept indexes turned out larger than the
 * plan thought, since the whole must stay within the budget. Kept indexes go, the largest first, rather than that
 * nothing fits. Throws when no plan does: the pages and the index alone take more.
 */
export function shrinkToBudget(plan: MirrorPlan, input: MirrorInput, surroundings: Occupied): ShrunkPlan {
  const { budget } = plan.bytes;
  const { siteBytes, live } = surroundings;
  const excess = totalBytes(plan, surroundings) - budget;
  if (excess <= 0) return { plan, live, dropped: [] };
  const smaller = planMirror(input, budget - excess);
  if (totalBytes(smaller, surroundings) <= budget) return { plan: smaller, live, dropped: [] };
  const fixed = totalBytes(smaller, { siteBytes, live: [] });
  if (fixed > budget) throw tooLarge(fixed, budget, siteBytes);
  const kept = takeSmallest(live, budget - fixed);
  const dropped = live.filter((index) => !kept.has(index));
  return { ...shrinkToBudget(plan, input, { siteBytes, live: [...kept] }), dropped };
}

function takeSmallest(live: readonly PreviousIndex[], room: number): Set<PreviousIndex> {
  let left = room;
  const bySize = live.toSorted((a, b) => a.blob.size - b.blob.size);
  return new Set(bySize.filter(({ blob }) => (left -= blob.size) >= 0));
}

/** Throws when what was written is more than the budget after all. */
export function expectWithin(
  budget: number,
  { siteBytes, mirrorBytes }: Pick<Dist, 'siteBytes' | 'mirrorBytes'>,
): void {
  if (siteBytes + mirrorBytes > budget) throw tooLarge(siteBytes + mirrorBytes, budget, siteBytes);
}

function tooLarge(total: number, budget: number, siteBytes: number): Error {
  return new Error(
    `the site takes ${prettyBytes(total)}, ${prettyBytes(siteBytes)} of it pages and API, which is more than its budget ` +
      `of ${prettyBytes(budget)}; raise PAGES_BUDGET (GitHub Pages holds 1 GB) or prune builds`,
  );
}

/** What the deployment takes in all; of a plan's indexes one half is the room for those of the deployment before. */
function totalBytes({ bytes }: MirrorPlan, { siteBytes, live }: Occupied): number {
  const listBytes = live.length > 0 ? Buffer.byteLength(keptIndexesText(live)) : 0;
  const liveBytes = live.reduce((sum, { blob }) => sum + blob.size, listBytes);
  return siteBytes + liveBytes + bytes.manifests + bytes.indexes / 2 + bytes.tarballs + bytes.configs;
}
