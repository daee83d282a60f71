import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { judgeFit, type Fit, type FitKind } from '../../lib/machine/needs.ts';
import type { Machine } from '../../lib/machine/machine.ts';
import { runnableTargets } from '../../lib/spack/targets.ts';
import { needsKey, rowNeeds } from './row-needs.ts';

/** Numbers of a cache's builds by whether a machine can use them. */
export interface MachineSummary {
  builds: number;
  /** Number of builds of each kind. Their sum is `builds`. */
  kinds: Record<FitKind, number>;
  /**
   * Builds by target, the machine's nearest first, unusable targets last. `chosen`:
   * those that Spack chooses by itself.
   */
  targets: { name: string; builds: number; running: number; chosen: number }[];
  /** Reasons why builds do not run, the most frequent first. Each build counts once, for its first reason. */
  reasons: { text: string; builds: number }[];
}

interface Group {
  target: string;
  fit: Fit;
  builds: number;
}

/** Counts the builds that a machine can use, and the reasons why it cannot use the others. */
export function summarizeMachine(
  machine: Machine,
  packages: PackageIndex,
  builds: BuildIndex,
): MachineSummary {
  const groups = new Map<number, Group>();
  for (const row of builds.rows.package.keys()) {
    const key = needsKey(row, builds);
    const group = groups.get(key);
    const needs = rowNeeds(row, packages, builds);
    if (!needs) continue;
    if (group) group.builds += 1;
    else groups.set(key, { target: needs.target, fit: judgeFit(machine, needs), builds: 1 });
  }
  const list = [...groups.values()];
  const count = (kind: FitKind): number => sum(list.filter(({ fit }) => fit.kind === kind));
  return {
    builds: sum(list),
    kinds: { yes: count('yes'), 'by hash': count('by hash'), unknown: count('unknown'), no: count('no') },
    targets: countTargets(machine, list),
    reasons: countReasons(list),
  };
}

function countTargets({ target }: Machine, groups: Group[]): MachineSummary['targets'] {
  const nearest = runnableTargets(target);
  const rank = (name: string): number => (nearest.indexOf(name) + nearest.length + 1) % (nearest.length + 1);
  return [...Map.groupBy(groups, (group) => group.target)]
    .map(([name, list]) => ({
      name,
      builds: sum(list),
      running: sum(list.filter(({ fit }) => fit.kind === 'yes' || fit.kind === 'by hash')),
      chosen: sum(list.filter(({ fit }) => fit.kind === 'yes')),
    }))
    .sort((left, right) => rank(left.name) - rank(right.name) || right.builds - left.builds);
}

function countReasons(groups: Group[]): MachineSummary['reasons'] {
  const reasons = Map.groupBy(
    groups.filter(({ fit }) => fit.kind !== 'by hash' && fit.obstacles.length > 0),
    ({ fit }) => fit.obstacles[0]?.text ?? '',
  );
  return [...reasons]
    .map(([text, list]) => ({ text, builds: sum(list) }))
    .sort((left, right) => right.builds - left.builds);
}

function sum(groups: readonly { builds: number }[]): number {
  return groups.reduce((total, { builds }) => total + builds, 0);
}
