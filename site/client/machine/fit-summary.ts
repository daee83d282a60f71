import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { findObstacles } from './fit.ts';
import type { Machine, Obstacle } from './fit.ts';
import { runnableTargets } from '../../lib/spack/targets.ts';

/** What a machine can use of a cache. */
export interface MachineSummary {
  builds: number;
  fitting: number;
  /** Builds by target, the machine's nearest first; those it cannot use at the end. */
  targets: { name: string; builds: number; fitting: number }[];
  /** What keeps builds away and from how many, the most frequent first. */
  obstacles: { text: string; builds: number; kind: Obstacle['kind'] }[];
}

/** Counts the builds that a machine can use, and what keeps it from the others. */
export function summarizeMachine(
  machine: Machine,
  packages: PackageIndex,
  builds: BuildIndex,
): MachineSummary {
  const kinds = new Map<string, { target: string; obstacles: Obstacle[]; builds: number }>();
  const { rows } = builds;
  for (const [row, size] of rows.size.entries()) {
    if (size === 0) continue;
    const [target = -1, system = -1, libc = -1] = [rows.target[row], rows.system[row], rows.libc[row]];
    const key = `${target} ${system} ${libc}`;
    const known = kinds.get(key);
    if (known) {
      known.builds += 1;
      continue;
    }
    const [platform = '', ...os] = builds.systems[system]?.split(' ') ?? [];
    const built = {
      platform,
      os: os.join(' '),
      target: packages.targets[target] ?? '',
      libc: builds.libcs[libc],
    };
    kinds.set(key, { target: built.target, obstacles: findObstacles(machine, built), builds: 1 });
  }
  return {
    builds: sum([...kinds.values()]),
    fitting: sum([...kinds.values()].filter(({ obstacles }) => obstacles.length === 0)),
    targets: countTargets(machine, [...kinds.values()]),
    obstacles: countObstacles([...kinds.values()]),
  };
}

interface Kind {
  target: string;
  obstacles: Obstacle[];
  builds: number;
}

function countTargets({ target }: Machine, kinds: Kind[]): MachineSummary['targets'] {
  const nearest = runnableTargets(target);
  const rank = (name: string): number => (nearest.indexOf(name) + nearest.length + 1) % (nearest.length + 1);
  return [...Map.groupBy(kinds, (kind) => kind.target)]
    .map(([name, list]) => ({
      name,
      builds: sum(list),
      fitting: sum(list.filter(({ obstacles }) => obstacles.length === 0)),
    }))
    .sort((left, right) => rank(left.name) - rank(right.name) || right.builds - left.builds);
}

function countObstacles(kinds: Kind[]): MachineSummary['obstacles'] {
  const counts = new Map<string, { builds: number; kind: Obstacle['kind'] }>();
  for (const { obstacles, builds } of kinds) {
    for (const { text, kind } of obstacles)
      counts.set(text, { builds: (counts.get(text)?.builds ?? 0) + builds, kind });
  }
  return [...counts]
    .map(([text, count]) => ({ text, ...count }))
    .sort((left, right) => right.builds - left.builds);
}

function sum(kinds: readonly { builds: number }[]): number {
  return kinds.reduce((total, { builds }) => total + builds, 0);
}
