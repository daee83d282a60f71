import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { BuildNeeds } from '../../lib/machine/needs.ts';

/** Needs of a row in the search index. Undefined for rows without a binary. */
export function rowNeeds(row: number, packages: PackageIndex, builds: BuildIndex): BuildNeeds | undefined {
  const { rows } = builds;
  if (!rows.size[row]) return undefined;
  const [platform = '', ...os] = builds.systems[rows.system[row] ?? -1]?.split(' ') ?? [];
  const [libc, runs] = builds.libcs[rows.libc[row] ?? -1]?.split(' ') ?? [];
  return { platform, os: os.join(' '), target: packages.targets[rows.target[row] ?? -1] ?? '', libc, runs };
}

/** A key that rows with the same needs have in common, so that only one of them has to be judged. */
export function needsKey(row: number, { rows }: BuildIndex): number {
  const [system = -1, target = -1, libc = -1] = [rows.system[row], rows.target[row], rows.libc[row]];
  return ((system + 1) * 4096 + target + 1) * 4096 + libc + 1;
}
