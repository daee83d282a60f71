import { join } from 'node:path';
import { generateCatalog } from '../generate/catalog.ts';
import type { Figures } from './bench.ts';
import { round, timeProgram } from './stopwatch.ts';

const BUILDER = join(import.meta.dirname, 'build-site.ts');
const SMALLER = 10;

/** Builds the site, cold, from a catalog of `builds` and from one of a tenth: does it cost ten times as much? */
export async function benchSite(folder: string, builds: number): Promise<Figures> {
  const small = Math.ceil(builds / SMALLER);
  const smallSeconds = await buildSite(folder, small);
  const seconds = await buildSite(folder, builds);
  return {
    builds,
    seconds,
    smallBuilds: small,
    smallSeconds,
    timesSlowerThanSmall: round(seconds / smallSeconds),
  };
}

/** Builds the site of a generated catalog into `dist-<builds>`; resolves to the seconds it took. */
export async function buildSite(folder: string, builds: number): Promise<number> {
  const catalog = join(folder, `catalog-${builds}`);
  await generateCatalog({ builds, seed: 1, directory: catalog });
  return timeProgram(
    process.execPath,
    [BUILDER, join(folder, `dist-${builds}`), join(folder, `astro-${builds}`)],
    {
      CATALOG_DIR: catalog,
      ASTRO_TELEMETRY_DISABLED: '1',
    },
  );
}
