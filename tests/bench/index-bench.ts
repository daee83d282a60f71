import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { parseMirrorManifest } from '../../scripts/build-cache/mirror-manifest.ts';
import { Database } from '../world/database.ts';
import { findSpacks, SPACK_ADVICE } from '../world/spack.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { generateCache } from '../generate/cache.ts';
import { generateCatalog } from '../generate/catalog.ts';
import type { Figures } from './bench.ts';
import { measureProgram, round } from './stopwatch.ts';

const WRITER = join(import.meta.dirname, 'write-index.ts');

/**
 * Writes the index of the same builds from our catalog and, with `spack buildcache update-index`, from a
 * build cache, each in a separate process. Throws when the two differ. Returns a text with the reason when it
 * cannot measure.
 */
export async function benchIndex(folder: string, builds: number): Promise<Figures | string> {
  const [spack] = findSpacks();
  if (!spack) return `there is no Spack: ${SPACK_ADVICE}`;
  const [cache, catalog, index] = ['cache', 'catalog', 'index.json'].map((name) => join(folder, name));
  if (!cache || !catalog || !index) throw new Error('expected three paths');
  await generateCache({ builds, seed: 1, directory: cache });
  await generateCatalog({ builds, seed: 1, directory: catalog });
  const ours = await measureProgram(process.execPath, [WRITER, catalog, index]);
  const theirs = await measureProgram(spack.program, ['buildcache', 'update-index', cache], {
    SPACK_DISABLE_LOCAL_CONFIG: '1',
    SPACK_USER_CACHE_PATH: join(folder, 'spack'),
  });
  const [own, peer] = [await readDatabase(index), await readSpackDatabase(cache)];
  if (!isDeepStrictEqual(own, peer)) throw new Error('our index and that of Spack do not say the same');
  return {
    builds,
    cpuSeconds: ours.cpuSeconds,
    cpuSecondsOfSpack: theirs.cpuSeconds,
    seconds: ours.wallSeconds,
    secondsOfSpack: theirs.wallSeconds,
    timesFasterThanSpack: round(theirs.cpuSeconds / ours.cpuSeconds),
  };
}

async function readSpackDatabase(cache: string): Promise<Database> {
  const manifest = join(cache, 'v3/manifests/index/index.manifest.json');
  const [record] = parseMirrorManifest(await readFile(manifest, 'utf8'), manifest).data;
  return readDatabase(join(cache, mirrorBlobPath(`sha256:${record?.checksum ?? ''}`)));
}

async function readDatabase(path: string): Promise<Database> {
  return Database.parse(JSON.parse(await readFile(path, 'utf8')));
}
