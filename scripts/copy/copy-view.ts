import prettyBytes from 'pretty-bytes';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import pMap from 'p-map';
import { formatNumber } from '../../site/lib/format.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { mirrorManifestPath } from '../../site/schemas/node.ts';
import { decodeText, findSpecBlobs, MANIFEST_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { startProgress } from '../cli/progress.ts';
import type { SourceFolder } from '../import/source-folder.ts';
import type { SourceBuild } from '../import/source.ts';
import { checkSignature } from '../import/trust.ts';
import { indexManifestPath, OWN_INDEX } from '../mirror/indexes.ts';
import type { Registry } from '../oci/registry.ts';
import type { CopyFolder } from './copy-folder.ts';
import { copyKeys } from './copy-keys.ts';
import { readViewIndex } from './view-index.ts';

/** Builds that are fetched at a time. */
const CONCURRENCY = 8;
const LAYOUT = 'v3/layout.json';

/** What a copy has. */
export interface CopyResult {
  builds: number;
  /** Builds whose manifest a key of the cache has signed. */
  signed: number;
  /** Fingerprints of the cache's keys. */
  keys: string[];
  /** Bytes of tarballs and spec files. */
  bytes: number;
  /** Files of an earlier copy that this one has not. */
  removed: number;
}

/** Where a copy goes, and what of. */
export interface CopyOptions {
  /** Empty: the mirror's own index. */
  view: string;
  folder: CopyFolder;
  /** Asked for blobs that the source does not have. */
  registry?: Registry | undefined;
}

/**
 * Copies a view: blobs before the manifests that name them, and the index last, so that a copy which has an index is
 * whole. Where the cache has keys, each signature is checked against them. Throws one sentence for the first thing
 * that is not as it should be; what was copied before stays for the next try.
 */
export async function copyView(
  source: SourceFolder,
  { view, folder, registry }: CopyOptions,
): Promise<CopyResult> {
  const abort = new AbortController();
  const fetchBlob = (blob: Blob): Promise<string> =>
    folder.addBlob(blob, () => openBlob(source, blob, registry), abort.signal);
  const { manifest: indexManifest, builds } = await readViewIndex(source, view, fetchBlob);
  const keys = await copyKeys(source, folder, fetchBlob);
  const trust = { keys: [...keys.values()], unsigned: true };
  const result = { builds: builds.length, signed: 0, keys: [...keys.keys()], bytes: 0 };

  const progress = startProgress('copying', builds.length, 'builds');
  try {
    const failures = await pMap(builds, attempt, { concurrency: CONCURRENCY });
    for (const failure of failures) if (failure) throw failure.reason;
  } finally {
    progress.stop();
  }
  const layout = await source.read(LAYOUT, MANIFEST_LIMIT_BYTES);
  if (layout) await folder.addFile(LAYOUT, layout);
  for (const name of new Set([view, OWN_INDEX])) await folder.addFile(indexManifestPath(name), indexManifest);
  return { ...result, removed: await folder.removeOthers() };

  /** The first failure ends the transfers of the others, which are waited for. */
  async function attempt(build: SourceBuild): Promise<{ reason: unknown } | undefined> {
    if (abort.signal.aborted) return undefined;
    try {
      await copyBuild(build);
    } catch (reason) {
      if (abort.signal.aborted) return undefined;
      abort.abort();
      return { reason };
    }
    return undefined;
  }

  async function copyBuild(build: SourceBuild): Promise<void> {
    const path = mirrorManifestPath(build);
    const where = source.locate(path);
    const bytes = await source.read(path, MANIFEST_LIMIT_BYTES);
    if (!bytes) throw new Error(`${where}: expected a manifest, as the index says, found none`);
    const { text, signature } = await checkSignature(decodeText(bytes, where), trust, where);
    const { tarball, spec } = findSpecBlobs(text, where);
    await fetchBlob(tarball);
    await fetchBlob(spec);
    await folder.addFile(path, bytes);
    result.bytes += tarball.size + spec.size;
    if (signature === 'verified') result.signed += 1;
    progress.advance();
  }
}

async function openBlob(source: SourceFolder, blob: Blob, registry: Registry | undefined): Promise<Readable> {
  const path = mirrorBlobPath(blob.digest);
  const stream = await source.open(path);
  if (stream) return stream;
  if (registry) return registry.openBlob(blob);
  throw new Error(
    `${source.locate(path)}: expected a blob of ${blob.size} bytes, found none; a site whose budget is full leaves ` +
      'the rest to the registry: name that with --registry, or copy a smaller view',
  );
}

/** What was copied, and the commands that use it, as lines for people. */
export function describeCopy({ builds, signed, keys, bytes, removed }: CopyResult, to: string): string {
  const unsigned = signed < builds;
  const signatures =
    keys.length === 0
      ? 'The cache has no key: nothing is signed.'
      : `${signed} of ${builds} signed by ${keys.length === 1 ? 'its key' : 'one of its keys'} ${keys.join(', ')}.`;
  return [
    'On the machine without a network:',
    `  spack mirror add --type binary${unsigned ? ' --unsigned' : ''} copy ${pathToFileURL(resolve(to)).href}`,
    ...(keys.length > 0 ? ['  spack buildcache keys --install --trust'] : []),
    '  spack install --use-buildcache only SPEC',
    signatures,
    `Copied ${formatNumber(builds, 'build')}, ${prettyBytes(bytes)}` +
      `${removed > 0 ? `; removed ${formatNumber(removed, 'file')} of an earlier copy` : ''}.`,
  ].join('\n');
}
