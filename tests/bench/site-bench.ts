import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateCatalog } from '../generate/catalog.ts';
import type { Figures } from './bench.ts';
import { measureProgram, round, type Used } from './stopwatch.ts';

const BUILDER = join(import.meta.dirname, 'build-site.ts');
const FLOOR = join(import.meta.dirname, 'copy-site.ts');
const SMALLER = 10;

/**
 * Builds the site without caches from a catalog of `builds` and from one of a tenth, and compares it with the
 * minimum: a program that reads and validates the same catalog and writes the same bytes.
 */
export async function benchSite(folder: string, builds: number): Promise<Figures> {
  const small = Math.ceil(builds / SMALLER);
  const little = await buildSite(folder, small);
  const much = await buildSite(folder, builds);
  const dist = join(folder, `dist-${builds}`);
  const floor = await measureProgram(process.execPath, [
    FLOOR,
    join(folder, `catalog-${builds}`),
    dist,
    join(folder, 'floor'),
  ]);
  return {
    builds,
    cpuSeconds: much.cpuSeconds,
    cpuSecondsOfFloor: floor.cpuSeconds,
    mebibytes: much.mebibytes,
    kilobytesABuild: round(bytesOf(dist) / 1_000 / builds),
    kilobytesABuildBeyondSmall: round(
      (bytesOf(dist) - bytesOf(join(folder, `dist-${small}`))) / 1_000 / (builds - small),
    ),
    timesSmall: round(much.cpuSeconds / little.cpuSeconds),
    timesFloor: round(much.cpuSeconds / floor.cpuSeconds),
  };
}

/** Builds the site of a generated catalog into `dist-<builds>`. */
export async function buildSite(folder: string, builds: number): Promise<Used> {
  const catalog = join(folder, `catalog-${builds}`);
  await generateCatalog({ builds, seed: 1, directory: catalog });
  const args = [BUILDER, join(folder, `dist-${builds}`), join(folder, `astro-${builds}`)];
  return measureProgram(process.execPath, args, { CATALOG_DIR: catalog, ASTRO_TELEMETRY_DISABLED: '1' });
}

function bytesOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
