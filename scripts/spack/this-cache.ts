import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ALL_VIEW } from '../../site/lib/mirror/views.ts';
import { publicRegistries, registryMirrorName, spackUrlOf } from '../../site/lib/registry-address.ts';
import { catalogPath, type Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { describeError } from '../cli/command.ts';
import { firstLine } from '../http/retry.ts';
import { readLimited, send } from '../http/request.ts';
import { INDEX_TAG } from '../oci/image.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { parseReference } from '../oci/registry.ts';
import { splitSigned } from '../../site/lib/spack/signed-manifest.ts';
import { OWN_INDEX, indexManifestPath } from '../build-cache/mirror-manifest.ts';

/** Name of this cache's mirror in the Spack that builds for it. */
const NAME = 'this-cache';
const TIMEOUT_MS = 20_000;
/** A manifest of an index has a few hundred bytes. */
const LIMIT_BYTES = 1024 * 1024;

/** A mirror of this cache in the format of `mirrors.yaml`. */
interface Mirror {
  url: string;
  signed: boolean;
  source: false;
  binary: true;
}

/** This cache as a mirror of the Spack that builds for it. */
export interface ThisCache {
  /** Mirrors for `mirrors.yaml`, in the order of lookup; empty when the cache has no build yet. */
  mirrors: Record<string, Mirror>;
  /** Files with the public keys to trust. */
  keys: string[];
  /** One sentence on the mirrors in use. */
  message: string;
}

/** Addresses of this cache. */
export interface CacheAddresses {
  /** Folder of its catalog. */
  directory: string;
  siteUrl: string;
  /** In the format of the variable REGISTRY. */
  registry: string;
}

/**
 * Checks whether this cache can be used as a mirror. A missing or unreachable cache is not an error: then
 * everything is built from source. Registries are used as further mirrors only while the site cannot hold
 * everything: Spack checks no signatures there.
 */
export async function findThisCache(
  catalog: Pick<Catalog, 'builds' | 'manifests' | 'keys'>,
  { directory, siteUrl, registry }: CacheAddresses,
): Promise<ThisCache> {
  const none = (reason: string): ThisCache => ({
    mirrors: {},
    keys: [],
    message: `building without this cache: ${reason}`,
  });
  if (catalog.manifests.size === 0) return none('it has no build yet');
  const index = await ask(`${siteUrl}/${indexManifestPath(OWN_INDEX)}`);
  if ('problem' in index) return none(`${siteUrl} ${index.problem}`);
  const signed = isSigned(catalog);
  const mirrors: Record<string, Mirror> = {
    [NAME]: { url: siteUrl, signed, source: false, binary: true },
  };
  const others = await findOtherMirrors(
    index.text,
    siteUrl,
    publicRegistries(catalog.builds.values(), registry),
  );
  for (const [place, url] of others.entries())
    mirrors[registryMirrorName(NAME, place)] = { url, signed: false, source: false, binary: true };
  return {
    mirrors,
    keys: signed
      ? [...catalog.keys.keys()].map((fingerprint) => join(directory, catalogPath('keys', fingerprint)))
      : [],
    message: `using ${siteUrl} as a mirror, ${signed ? 'signed' : 'unsigned'}${others.length > 0 ? `, and ${others.join(' and ')} for builds that do not fit on the site` : ''}`,
  };
}

/** Returns the Spack addresses of publicly readable registries, if they have more than the site. */
async function findOtherMirrors(
  indexText: string,
  siteUrl: string,
  registries: readonly string[],
): Promise<string[]> {
  // Spack reads no index over plain HTTP.
  const readable = registries.filter((registry) => {
    const reference = parseReference(registry);
    return reference.kind === 'remote' && reference.transport === 'https';
  });
  if (readable.length === 0) return [];
  const all = await ask(`${siteUrl}/${indexManifestPath(ALL_VIEW)}`);
  if ('problem' in all || all.text === indexText) return [];
  const urls = await Promise.all(
    readable.map(async (name) => {
      const registry = openRegistry(name);
      const index = await registry.describeTag(INDEX_TAG).catch(() => undefined);
      return index ? [spackUrlOf(registry.reference)] : [];
    }),
  );
  return urls.flat();
}

/** A build cache in a folder, in the format of `mirrors.yaml`. */
export function localMirror(folder: string): Mirror {
  return { url: pathToFileURL(folder).href, signed: false, source: false, binary: true };
}

/** Whether every build is signed and there is a key to check the signatures. */
export function isSigned({ manifests, keys }: Pick<Catalog, 'manifests' | 'keys'>): boolean {
  return keys.size > 0 && [...manifests.values()].every((manifest) => splitSigned(manifest).signed);
}

async function ask(url: string): Promise<{ text: string } | { problem: string }> {
  try {
    const { status, body } = await send(url, { idleMs: TIMEOUT_MS });
    if (status === 200) return { text: String(await readLimited({ url: new URL(url), body }, LIMIT_BYTES)) };
    body.destroy();
    return { problem: `answers ${status}` };
  } catch (error) {
    return { problem: `does not answer: ${firstLine(describeError(error))}` };
  }
}
