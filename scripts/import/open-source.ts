import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openRegistry } from '../oci/open-registry.ts';
import { openMirror } from './mirror-source.ts';
import { OLD_FOLDER, OLD_INDEX, openOldMirror } from './old-mirror-source.ts';
import { openPages, PAGES_FOLDERS, PAGES_MANIFEST } from './pages-source.ts';
import { openMirrorFiles } from '../build-cache/mirror-files.ts';
import { type Source, type SourceBuild, type Trust, unsignedOnly } from './source.ts';
import { SPEC_FILE_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { imageTag, INDEX_TAG } from '../oci/image.ts';
import { type Registry, parseReference } from '../oci/registry.ts';
import { readIndexFile } from './index-file.ts';
import { saveBlob } from './save-blob.ts';
import { OWN_INDEX, indexManifestPath } from '../build-cache/mirror-manifest.ts';

const PROBE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Detects the kind of a cache and opens it. Throws one sentence when it is not a cache. */
export async function openSource(place: string, trust: Trust): Promise<Source> {
  if (/^https?:\/\//.test(place)) return openSite(place, trust);
  if (!/^(?:oci-layout:|oci(?:\+http)?:\/\/)/.test(place)) {
    if (statSync(place, { throwIfNoEntry: false })?.isDirectory()) return openDirectory(place, trust);
    if (/^[a-z0-9+]+:\/\//.test(place) || !/^[^/]+[.:][^/]*\/|^localhost[:/]/.test(place)) {
      throw new Error(
        `${place}: expected an existing directory, an http or https address, or a registry (oci://host/path), ` +
          'found none of them; for a bucket (s3, gs, az), give its https address or copy it to a directory first',
      );
    }
  }
  return openRegistrySource(openRegistry(place), trust);
}

async function openSite(place: string, trust: Trust): Promise<Source> {
  const folder = openMirrorFiles(place);
  if (await folder.read(indexManifestPath(OWN_INDEX), PROBE_LIMIT_BYTES)) return openMirror(folder, trust);
  const old = await folder.open(OLD_INDEX);
  old?.destroy();
  if (old) return openOldMirror(folder, trust);
  if (await folder.read(PAGES_MANIFEST, PROBE_LIMIT_BYTES)) return openPages(folder, trust);
  throw new Error(
    `${folder.address}: expected a build cache, found neither ${indexManifestPath(OWN_INDEX)} nor ${OLD_INDEX} nor ${PAGES_MANIFEST}; ` +
      'check the address, and run `spack buildcache update-index` on the cache if it has no index',
  );
}

async function openDirectory(place: string, trust: Trust): Promise<Source> {
  const folder = openMirrorFiles(place);
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

/** A build cache in a registry, as written by `spack buildcache push oci://…`: nothing in it is signed. */
function openRegistrySource(registry: Registry, trust: Trust): Source {
  const { reference } = registry;

  async function list() {
    const index = await registry.readManifest(INDEX_TAG);
    const layer = index?.manifest.layers[0];
    if (!layer) {
      throw new Error(
        `${reference}: expected a build cache of Spack, found no ${INDEX_TAG} in it; ` +
          'check the address, or run `spack buildcache update-index` on it',
      );
    }
    const builds = await readIndexFile(await registry.openBlob(layer), `${reference}:${INDEX_TAG}`);
    return { builds, unmatched: [] };
  }

  async function read(build: SourceBuild) {
    const where = `${reference}:${imageTag(build)}`;
    const image = await registry.readManifest(imageTag(build));
    const tarball = image?.manifest.layers.at(-1);
    if (!image || !tarball) throw new Error(`${where}: expected an image, as the index says, found none`);
    const { digest, size } = tarball;
    const config = await registry.readBlob(image.manifest.config, SPEC_FILE_LIMIT_BYTES);
    return {
      where,
      specText: config.toString('utf8'),
      ...unsignedOnly(trust, where),
      size,
      fetchTarball: async (target: string) => {
        const path = join(target, build.hash);
        const blob = await saveBlob(() => registry.openBlob({ digest, size }), path, where, { digest, size });
        const parsed = parseReference(reference);
        return { path, blob, repository: parsed.kind === 'remote' ? parsed : undefined };
      },
    };
  }

  return { address: reference, list, read };
}
