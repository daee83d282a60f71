import prettyBytes from 'pretty-bytes';
import { planMirror, type MirrorInput, type MirrorPlan } from '../../site/lib/mirror/plan.ts';
import type { Dist } from './dist.ts';
import { keptIndexesText, type PreviousIndex } from './previous-indexes.ts';

/** Contents of `dist/` that a plan does not count. */
export interface Occupied {
  /** Bytes of the site's own files. */
  siteBytes: number;
  /** Index blobs kept from earlier deployments. */
  live: readonly PreviousIndex[];
}

/** A plan that fits, and the earlier indexes that fit with it. */
export interface ShrunkPlan {
  plan: MirrorPlan;
  live: readonly PreviousIndex[];
  /** Indexes that would exceed the budget even with the smallest plan. */
  dropped: readonly PreviousIndex[];
}

/**
 * Returns the plan that the site was built from, or a smaller one when pages or kept indexes turned out
 * larger than planned, since the whole must stay within the budget. If even that does not fit, drops kept
 * indexes, the largest first. Throws when no plan fits: the pages and the index alone exceed the budget.
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

/** Throws when the files written exceed the budget after all. */
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

/** Total size of the deployment. Half of a plan's `indexes` is room for those of the deployment before. */
function totalBytes({ bytes }: MirrorPlan, { siteBytes, live }: Occupied): number {
  const listBytes = live.length > 0 ? Buffer.byteLength(keptIndexesText(live)) : 0;
  const liveBytes = live.reduce((sum, { blob }) => sum + blob.size, listBytes);
  return siteBytes + liveBytes + bytes.manifests + bytes.indexes / 2 + bytes.tarballs + bytes.configs;
}
