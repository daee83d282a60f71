import { stat } from 'node:fs/promises';
import { openRegistry } from '../oci/open-registry.ts';
import { INDEX_MANIFEST, openMirror } from './mirror-source.ts';
import { OLD_FOLDER, OLD_INDEX, openOldMirror } from './old-mirror-source.ts';
import { openPages, PAGES_FOLDERS, PAGES_MANIFEST } from './pages-source.ts';
import { openRegistrySource } from './registry-source.ts';
import { openFolder } from './source-folder.ts';
import type { Source } from './source.ts';
import type { Trust } from './trust.ts';

const PROBE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Finds out what a cache is and opens it. Throws one sentence about a place that is none. */
export async function openSource(place: string, trust: Trust): Promise<Source> {
  if (/^https?:\/\//.test(place)) return openSite(place, trust);
  if (!/^(?:oci-layout:|oci(?:\+http)?:\/\/)/.test(place)) {
    const isDirectory = await stat(place).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isDirectory) return openDirectory(place, trust);
    if (/^[a-z0-9+]+:\/\//.test(place) || !/^[^/]+[.:][^/]*\/|^localhost[:/]/.test(place)) {
      throw new Error(
        `${place}: expected a directory that is there, an http or https address, or a registry (oci://host/path), ` +
          'found none of them; of a bucket (s3, gs, az), give its https address or copy it to a directory first',
      );
    }
  }
  return openRegistrySource(openRegistry(place), trust);
}

async function openSite(place: string, trust: Trust): Promise<Source> {
  const folder = await openFolder(place);
  if (await folder.read(INDEX_MANIFEST, PROBE_LIMIT_BYTES)) return openMirror(folder, trust);
  const old = await folder.open(OLD_INDEX);
  old?.destroy();
  if (old) return openOldMirror(folder, trust);
  if (await folder.read(PAGES_MANIFEST, PROBE_LIMIT_BYTES)) return openPages(folder, trust);
  throw new Error(
    `${folder.address}: expected a build cache, found neither ${INDEX_MANIFEST} nor ${OLD_INDEX} nor ${PAGES_MANIFEST}; ` +
      'check the address, and run `spack buildcache update-index` on the cache if it has no index',
  );
}

async function openDirectory(place: string, trust: Trust): Promise<Source> {
  const folder = await openFolder(place);
  const names = new Set(await folder.list(''));
  if (names.has('v3')) return openMirror(folder, trust);
  if (names.has(OLD_FOLDER)) return openOldMirror(folder, trust);
  if (names.has('oci-layout')) return openRegistrySource(openRegistry(`oci-layout:${place}`), trust);
  for (const path of PAGES_FOLDERS) if ((await folder.list(path))?.length) return openPages(folder, trust);
  throw new Error(
    `${place}: expected a build cache, found neither v3/ nor ${OLD_FOLDER}/ nor an OCI layout nor pages (${PAGES_FOLDERS.join(', ')}); ` +
      'give the directory that has one of them',
  );
}
