import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKey } from '../../scripts/signing/key.ts';
import { generateCache } from '../generate/cache.ts';
import type { Figures } from './bench.ts';
import { measureProgram, round, type Used } from './stopwatch.ts';

const HERE = import.meta.dirname;
const SCRIPTS = join(HERE, '../../scripts');
/** Number of runs. The minimum counts, since other work on the machine only adds time. */
const RUNS = 3;

/**
 * Measures doctor on a signed cache with its registry, and with registry and site, in multiples of a program
 * that only reads the catalog. Throws when doctor finds anything.
 */
export async function benchDoctor(folder: string, builds: number): Promise<Figures> {
  const [cache = '', catalog = '', dist = '', registry = ''] = ['cache', 'catalog', 'dist', 'registry'].map(
    (name) => join(folder, name),
  );
  const { privateKey } = await makeKey({ name: 'Bench', date: new Date('2026-01-01T00:00:00Z') });
  const environment = {
    ...{ SIGNING_KEY: privateKey, SITE_URL: 'https://owner.github.io/cache', CATALOG_DIR: catalog },
    ASTRO_TELEMETRY_DISABLED: '1',
  };
  const run = (...args: string[]): Promise<Used> => measureProgram(process.execPath, args, environment);
  const script = (name: string, ...args: string[]) => run(join(SCRIPTS, `${name}.ts`), ...args);
  const places = ['--catalog', catalog, '--registry', `oci-layout:${registry}`];
  await generateCache({ builds, seed: 1, directory: cache });
  await script('publish', cache, ...places);
  await script('record-settings', '--catalog', catalog);
  await run(join(HERE, 'build-site.ts'), dist, join(folder, 'astro'));
  await script('mirror', ...places, '--dist', dist, '--blobs', join(folder, 'blobs'));
  await script('sign-index', '--dist', dist);

  const report = join(folder, 'report.md');
  const figures: Figures = { builds };
  const [readers, alone, whole]: [Used[], Used[], Used[]] = [[], [], []];
  for (let time = 0; time < RUNS; time += 1) {
    readers.push(await run(join(HERE, 'read-catalog.ts'), catalog));
    alone.push(await script('doctor', ...places, '--site', ''));
    whole.push(await script('doctor', ...places, '--site', dist, '--report', report));
    // Warnings do not make it fail.
    const findings = readFileSync(report, 'utf8').match(/^### .*/gm);
    if (findings) throw new Error(`expected no findings, found ${findings.join(', ')}`);
  }
  const least = (used: Used[]): number => Math.min(...used.map(({ cpuSeconds }) => cpuSeconds));
  figures['readingCpuSeconds'] = round(least(readers));
  figures['doctorCpuSeconds'] = round(least(alone));
  figures['timesReadingCpu'] = round(least(alone) / least(readers));
  figures['withSiteCpuSeconds'] = round(least(whole));
  figures['timesReadingCpuWithSite'] = round(least(whole) / least(readers));
  return figures;
}
