import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateCache } from '../generate/cache.ts';
import { startFaultyProxy } from '../world/faulty-proxy.ts';
import { startRegistry } from '../world/registry.ts';
import type { Figures } from './bench.ts';
import { measureProgram, median, round } from './stopwatch.ts';

const SCRIPTS = join(import.meta.dirname, '../../scripts');
const READER = join(import.meta.dirname, 'read-catalog.ts');
const TIMES = 3;
const ADDED = 25;
const TARBALL_BYTES = 100_000;

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

/**
 * Compares adding the mirror to a new site after 25 new builds with doing it before, as each deployment
 * does it: nothing is kept between two. Counts the blobs that one of them fetched twice.
 */
export async function benchDeploy(folder: string, builds: number): Promise<Figures> {
  const registry = await startRegistry();
  const proxy = await startFaultyProxy(registry.host, () => false);
  try {
    const catalog = join(folder, 'catalog');
    const measured = [];
    for (const [count, seed] of [
      [builds, 1],
      [ADDED, 2],
    ] as const) {
      const cache = join(folder, `cache-${count}`);
      await generateCache({ builds: count, seed, directory: cache, tarballBytes: TARBALL_BYTES });
      const to = ['--registry', `${registry.host}/cache`, '--catalog', catalog];
      await measureProgram(process.execPath, [join(SCRIPTS, 'publish.ts'), cache, ...to]);
      const dist = join(folder, 'dist');
      rmSync(dist, { recursive: true, force: true });
      mkdirSync(dist);
      writeFileSync(join(dist, 'index.html'), '');
      proxy.seen.length = 0;
      const from = ['--registry', `${proxy.host}/cache`, '--catalog', catalog, '--dist', dist];
      const blobsFolder = ['--blobs', join(folder, `blobs-${count}`)];
      const args = [join(SCRIPTS, 'mirror.ts'), ...from, ...blobsFolder];
      const used = await measureProgram(process.execPath, args, {
        SITE_URL: 'https://owner.github.io/cache',
      });
      const blobs = proxy.seen.map(({ line }) => line).filter((line) => /^GET .*\/blobs\//.test(line));
      measured.push({ ...used, fetched: blobs.length, twice: blobs.length - new Set(blobs).size });
    }
    const [cold, after] = measured;
    if (!cold || !after) throw new Error('expected two measurements');
    return {
      builds,
      cpuSeconds: after.cpuSeconds,
      cpuSecondsBefore: cold.cpuSeconds,
      seconds: after.wallSeconds,
      blobs: after.fetched,
      blobsTwice: cold.twice + after.twice,
      timesBefore: round(after.cpuSeconds / cold.cpuSeconds),
    };
  } finally {
    await proxy.stop();
    await registry.stop();
  }
}
