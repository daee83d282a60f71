import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { keyPath } from '../catalog/paths.ts';
import { splitSigned } from './signature.ts';

/** What Spack calls this cache while it builds for it. */
const NAME = 'this-cache';
const TIMEOUT_MS = 20_000;

/** This cache as a mirror of the Spack that builds for it. */
export interface ThisCache {
  /** For `mirrors.yaml`; empty when there is nothing to take yet. */
  mirrors: Record<string, { url: string; signed: boolean; source: false; binary: true }>;
  /** Files with the public keys to trust. */
  keys: string[];
  /** One sentence. */
  said: string;
}

/**
 * Looks whether this cache's site can be used as a mirror. One that is not there yet, or does not answer, is no error:
 * then everything is built from source.
 */
export async function findThisCache(
  catalog: Pick<Catalog, 'manifests' | 'keys'>,
  directory: string,
  siteUrl: string,
): Promise<ThisCache> {
  const none = (reason: string): ThisCache => ({
    mirrors: {},
    keys: [],
    said: `building without this cache: ${reason}`,
  });
  if (catalog.manifests.size === 0) return none('it has no build yet');
  const problem = await probe(`${siteUrl}/v3/manifests/index/index.manifest.json`);
  if (problem !== undefined) return none(`${siteUrl} ${problem}`);
  const signed = isSigned(catalog);
  return {
    mirrors: { [NAME]: { url: siteUrl, signed, source: false, binary: true } },
    keys: signed ? [...catalog.keys.keys()].map((fingerprint) => join(directory, keyPath(fingerprint))) : [],
    said: `using ${siteUrl} as a mirror, ${signed ? 'signed' : 'unsigned'}`,
  };
}

/** Whether every build is signed and there is a key to check it by. */
export function isSigned({ manifests, keys }: Pick<Catalog, 'manifests' | 'keys'>): boolean {
  return keys.size > 0 && [...manifests.values()].every((manifest) => splitSigned(manifest).signed);
}

async function probe(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok ? undefined : `answers ${response.status}`;
  } catch {
    return 'does not answer';
  }
}
