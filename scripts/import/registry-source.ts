import { join } from 'node:path';
import { SPEC_FILE_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { imageTag, INDEX_TAG } from '../oci/image.ts';
import { parseReference, type RemoteReference } from '../oci/reference.ts';
import type { Registry } from '../oci/registry.ts';
import { readIndexFile } from './index-file.ts';
import { saveBlob } from './save-blob.ts';
import type { Source, SourceBuild, SourceList, SourceSpec } from './source.ts';
import { unsignedOnly, type Trust } from './trust.ts';

/** A build cache in a registry, as `spack buildcache push oci://…` writes it: nothing in it is signed. */
export function openRegistrySource(registry: Registry, trust: Trust): Source {
  const { reference } = registry;

  async function list(): Promise<SourceList> {
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

  async function read(build: SourceBuild): Promise<SourceSpec> {
    const where = `${reference}:${imageTag(build)}`;
    const found = await registry.readManifest(imageTag(build));
    const tarball = found?.manifest.layers.at(-1);
    if (!found || !tarball) throw new Error(`${where}: expected an image, as the index says, found none`);
    const { digest, size } = tarball;
    const config = await registry.readBlob(found.manifest.config, SPEC_FILE_LIMIT_BYTES);
    return {
      where,
      specText: config.toString('utf8'),
      ...unsignedOnly(trust, where),
      size,
      fetchTarball: async (target) => {
        const path = join(target, build.hash);
        const blob = await saveBlob(() => registry.openBlob({ digest, size }), path, where, { digest, size });
        return { path, blob, repository: remoteOf(reference) };
      },
    };
  }

  return { address: reference, list, read };
}

/** The repository of a registry that answers over the network. */
function remoteOf(reference: string): RemoteReference | undefined {
  const parsed = parseReference(reference);
  return parsed.kind === 'remote' ? parsed : undefined;
}
