import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateCache } from '../generate/cache.ts';
import type { Figures } from './bench.ts';
import { measureProgram, median, round } from './stopwatch.ts';

const SCRIPTS = join(import.meta.dirname, '../../scripts');
const READER = join(import.meta.dirname, 'read-catalog.ts');
const TIMES = 3;

/** Compares adding an unchanged mirror to a site with reading the catalog once. */
export async function benchMirrorAgain(folder: string, builds: number): Promise<Figures> {
  const [cache, catalog, dist] = ['cache', 'catalog', 'dist'].map((name) => join(folder, name));
  if (!cache || !catalog || !dist) throw new Error('expected three paths');
  await generateCache({ builds, seed: 1, directory: cache });
  mkdirSync(dist);
  writeFileSync(join(dist, 'index.html'), '');
  const places = ['--registry', `oci-layout:${join(folder, 'registry')}`, '--catalog', catalog];
  await measureProgram(process.execPath, [join(SCRIPTS, 'publish.ts'), cache, ...places]);
  const args = [join(SCRIPTS, 'mirror.ts'), ...places, '--dist', dist, '--blobs', join(folder, 'blobs')];
  const mirror = () => measureProgram(process.execPath, args, { SITE_URL: 'https://owner.github.io/cache' });
  const first = await mirror();
  const again = await median(TIMES, mirror);
  const reading = await median(TIMES, () => measureProgram(process.execPath, [READER, catalog]));
  return {
    builds,
    cpuSecondsFirst: first.cpuSeconds,
    cpuSeconds: again.cpuSeconds,
    cpuSecondsOfReading: reading.cpuSeconds,
    timesReading: round(again.cpuSeconds / reading.cpuSeconds),
  };
}
