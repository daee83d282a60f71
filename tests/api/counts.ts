import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readData } from '../browser/read-data.ts';
import { formatNumber } from '../../site/lib/format.ts';
import { StorageDocument } from '../../site/schemas/api/storage-document.ts';
import { CompilerList } from '../../site/schemas/api/compiler-list.ts';
import { ContainerList } from '../../site/schemas/api/container-list.ts';
import { EnvironmentList } from '../../site/schemas/api/environment-list.ts';
import { FailureList } from '../../site/schemas/api/failure-list.ts';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';
import { KeyList } from '../../site/schemas/api/key-list.ts';
import { PackageList } from '../../site/schemas/api/package-list.ts';
import { SeedManifest } from '../../site/schemas/api/seed-manifest.ts';
import { SpecTable } from '../../site/schemas/api/spec-table.ts';
import { StatsDocument } from '../../site/schemas/api/stats-document.ts';
import { TargetList } from '../../site/schemas/api/target-list.ts';
import { ViewList } from '../../site/schemas/api/view-list.ts';

/** Reads all counts on a built site: for each kind of thing, the number given by each document or page. */
export async function readCounts(dist: string): Promise<Record<string, number[]>> {
  const read = async <Shape>(path: string, schema: z.ZodType<Shape>): Promise<Shape> =>
    schema.parse(JSON.parse(await readFile(join(dist, path), 'utf8')));
  const { counts, unsigned } = await read('api/index.json', IndexDocument);
  const { packages } = await read('api/packages.json', PackageList);
  const table = await read('api/specs.json', SpecTable);
  const { targets } = await read('api/targets.json', TargetList);
  const { compilers } = await read('api/compilers.json', CompilerList);
  const { environments } = await read('api/environments.json', EnvironmentList);
  const { containers } = await read('api/containers.json', ContainerList);
  const { failures } = await read('api/failures.json', FailureList);
  const { views } = await read('api/views.json', ViewList);
  const { keys } = await read('api/keys.json', KeyList);
  const stats = await read('api/stats.json', StatsDocument);
  const budget = await read('api/storage.json', StorageDocument);
  const seed = await read('manifest/index.html', SeedManifest);
  const search = await readData(dist, 'packages', SearchPackages);
  const home = await readFile(join(dist, 'index.html'), 'utf8');
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const buildsOf = (list: readonly { builds: number }[]): number => sum(list.map(({ builds }) => builds));
  /** Returns a count if the home page shows it, else NaN. */
  const shown = (count: number, noun: string): number =>
    home.includes(formatNumber(count, noun)) ? count : NaN;
  return {
    packages: [
      counts.packages,
      packages.length,
      table.words.package.length,
      stats.packages,
      search.builds.filter((builds) => builds > 0).length,
      shown(counts.packages, 'package'),
    ],
    builds: [
      counts.builds,
      buildsOf(packages),
      table.builds,
      ...Object.values(table.columns).map((column) => column.length),
      buildsOf(targets),
      stats.builds,
      ...[stats.targets, stats.systems].map(buildsOf),
      buildsOf(views.filter(({ name }) => name === 'all')),
      budget.builds + budget.leftOut.builds,
      seed.packages.length,
      sum(search.builds),
      shown(counts.builds, 'Spack build'),
    ],
    unsigned: [unsigned, stats.builds - stats.signed],
    buildsOnSite: [counts.buildsOnSite, sum(table.columns.site), budget.builds],
    targets: [counts.targets, targets.length, stats.targets.length],
    compilers: [counts.compilers, compilers.length, stats.compilers.length],
    environments: [counts.environments, environments.length],
    containers: [counts.containers, containers.length],
    failures: [counts.failures, failures.length, stats.failures],
    views: [counts.views, views.length],
    keys: [counts.keys, keys.length],
  };
}

const SearchPackages = z.object({ builds: z.array(z.number()) });
