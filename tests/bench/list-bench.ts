import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { servePages } from '../../scripts/start/pages-server.ts';
import { generateCache } from '../generate/cache.ts';
import { findSpacks, isAtLeast, SPACK_ADVICE } from '../world/spack.ts';
import type { Figures } from './bench.ts';
import { measureProgram, round } from './stopwatch.ts';

const SCRIPTS = join(import.meta.dirname, '../../scripts');
/** First version of Spack that supports views of mirrors. */
const SPACK_WITH_VIEWS = [1, 2];
/** Number of roots of the view, a small stack. */
const ROOTS = 10;
const VIEW = 'snapshot-stack';

/**
 * Lists a mirror with Spack, with empty caches, with and without the view of a small stack, and counts the
 * bytes that the mirror sends. Returns a text with the reason when it cannot measure.
 */
export async function benchList(folder: string, builds: number): Promise<Figures | string> {
  const spack = findSpacks().find(({ version }) => isAtLeast(version, SPACK_WITH_VIEWS));
  if (!spack) return `there is no Spack 1.2 or newer: ${SPACK_ADVICE}`;
  const [cache, catalog, dist] = ['cache', 'catalog', 'dist'].map((name) => join(folder, name));
  if (!cache || !catalog || !dist) throw new Error('expected three paths');
  const { builds: invented } = await generateCache({ builds, seed: 1, directory: cache });
  const run = (script: string, args: string[]) =>
    measureProgram(process.execPath, [join(SCRIPTS, script), ...args], {
      SITE_URL: 'https://owner.github.io/cache',
    });
  const places = ['--registry', `oci-layout:${join(folder, 'registry')}`, '--catalog', catalog];
  await run('publish.ts', [cache, ...places]);
  const hashes = [...invented.keys()].slice(0, ROOTS);
  await mkdir(join(catalog, 'snapshots'), { recursive: true });
  await writeFile(join(catalog, 'snapshots/stack.yaml'), JSON.stringify({ reason: 'bench', hashes }));
  await mkdir(dist);
  await writeFile(join(dist, 'index.html'), '');
  await run('mirror.ts', [...places, '--dist', dist, '--blobs', join(folder, 'blobs')]);

  const site = await servePages({ root: dist, base: '/cache', port: 0 });
  const list = async (view: string | undefined) => {
    const [config, caches] = [join(folder, 'config'), join(folder, 'spack')];
    await mkdir(config, { recursive: true });
    const mirror = { url: site.url, signed: false, source: false, binary: true, ...(view && { view }) };
    await writeFile(join(config, 'mirrors.yaml'), JSON.stringify({ 'mirrors:': { bench: mirror } }));
    await rm(caches, { recursive: true, force: true });
    let bytes = 0;
    const count = (message: unknown): void => {
      bytes += Number((message as { response: ServerResponse }).response.getHeader('content-length') ?? 0);
    };
    subscribe('http.server.response.finish', count);
    const used = await measureProgram(spack.program, ['-C', config, 'buildcache', 'list', '-a'], {
      SPACK_DISABLE_LOCAL_CONFIG: '1',
      SPACK_USER_CACHE_PATH: caches,
    });
    unsubscribe('http.server.response.finish', count);
    return { bytes, cpuSeconds: used.cpuSeconds };
  };
  try {
    const [whole, view] = [await list(undefined), await list(VIEW)];
    return {
      builds,
      bytes: view.bytes,
      bytesOfWhole: whole.bytes,
      cpuSeconds: view.cpuSeconds,
      cpuSecondsOfWhole: whole.cpuSeconds,
      timesFewerBytes: round(whole.bytes / view.bytes),
    };
  } finally {
    await site.close();
  }
}
