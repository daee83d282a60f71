import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ALL_VIEW } from '../../site/lib/mirror/views.ts';
import { catalogPath, type Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { describeError } from '../cli/command.ts';
import { firstLine } from '../http/errors.ts';
import { readLimited, send } from '../http/request.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { parseReference } from '../oci/reference.ts';
import { splitSigned } from '../signing/signature.ts';

/** What Spack calls this cache while it builds for it. */
const NAME = 'this-cache';
const TIMEOUT_MS = 20_000;
/** A manifest of an index has some hundred bytes. */
const LIMIT_BYTES = 1024 * 1024;

/** One mirror of this cache, as in `mirrors.yaml`. */
interface Mirror {
  url: string;
  signed: boolean;
  source: false;
  binary: true;
}

/** This cache as a mirror of the Spack that builds for it. */
export interface ThisCache {
  /** For `mirrors.yaml`, the first is asked first; empty when there is nothing to take yet. */
  mirrors: Record<string, Mirror>;
  /** Files with the public keys to trust. */
  keys: string[];
  /** One sentence. */
  message: string;
}

/** Where this cache is. */
export interface CacheAddresses {
  /** Folder of its catalog. */
  directory: string;
  siteUrl: string;
  /** As REGISTRY has it. */
  registry: string;
}

/**
 * Checks whether this cache can be used as a mirror. A missing or unreachable cache is not an error: then
 * everything is built from source. The registry is a second mirror only while the site cannot hold everything: Spack
 * checks no signatures there.
 */
export async function findThisCache(
  catalog: Pick<Catalog, 'manifests' | 'keys'>,
  { directory, siteUrl, registry }: CacheAddresses,
): Promise<ThisCache> {
  const none = (reason: string): ThisCache => ({
    mirrors: {},
    keys: [],
    message: `building without this cache: ${reason}`,
  });
  if (catalog.manifests.size === 0) return none('it has no build yet');
  const index = await ask(`${siteUrl}/v3/manifests/index/index.manifest.json`);
  if ('problem' in index) return none(`${siteUrl} ${index.problem}`);
  const signed = isSigned(catalog);
  const mirrors: Record<string, Mirror> = {
    [NAME]: { url: siteUrl, signed, source: false, binary: true },
  };
  const second = await findSecondMirror(index.text, siteUrl, registry);
  if (second !== undefined)
    mirrors[`${NAME}-registry`] = { url: second, signed: false, source: false, binary: true };
  return {
    mirrors,
    keys: signed
      ? [...catalog.keys.keys()].map((fingerprint) => join(directory, catalogPath('keys', fingerprint)))
      : [],
    message: `using ${siteUrl} as a mirror, ${signed ? 'signed' : 'unsigned'}${second ? `, and ${second} for what the site cannot hold` : ''}`,
  };
}

/** The registry as Spack names it, when it has more than the site and lets anyone read. */
async function findSecondMirror(
  indexText: string,
  siteUrl: string,
  registry: string,
): Promise<string | undefined> {
  const reference = parseReference(registry);
  // Spack reads no index over plain HTTP.
  if (reference.kind !== 'remote' || reference.transport !== 'https') return undefined;
  const all = await ask(`${siteUrl}/v3/manifests/index/${ALL_VIEW}/index.manifest.json`);
  if ('problem' in all || all.text === indexText) return undefined;
  const index = await openRegistry(registry)
    .describeTag('index.spack')
    .catch(() => undefined);
  return index && `oci://${reference.host}/${reference.path}`;
}

/** A build cache in a folder, as `mirrors.yaml` has it. */
export function localMirror(folder: string): Mirror {
  return { url: pathToFileURL(folder).href, signed: false, source: false, binary: true };
}

/** Whether every build is signed and there is a key to check it by. */
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
