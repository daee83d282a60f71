import type { Build } from '../../schemas/build.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { createIndexSize } from './index-size.ts';
import { monthView } from './views.ts';
import type { SpecNode } from '../spack/dag.ts';
import { compareTexts } from '../spack/versions.ts';

/** The view of what was published in a month and before. */
export interface MonthlyView {
  /** `month-2026-11`. */
  view: string;
  /** Bytes of its index. */
  bytes: number;
}

/** The months in which something was published, newest first. */
export function listMonths(builds: readonly Build[], nodes: ReadonlyMap<DagHash, SpecNode>): MonthlyView[] {
  const byView = Map.groupBy(builds, monthView);
  const size = createIndexSize(nodes);
  return [...byView]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([view, members]) => {
      for (const { hash } of members) size.add(hash);
      return { view, bytes: size.bytes };
    })
    .reverse();
}

/** Bytes of the months' indexes; the newest month's is that of all builds and costs nothing. */
export function monthsBytes(months: readonly MonthlyView[]): number {
  return months.slice(1).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** How many months, from the newest on, fit into some bytes. */
export function countMonths(months: readonly MonthlyView[], bytes: number): number {
  let count = 1;
  while (count < months.length && monthsBytes(months.slice(0, count + 1)) <= bytes) count += 1;
  return Math.min(count, months.length);
}
