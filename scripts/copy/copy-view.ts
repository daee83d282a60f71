import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { readFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import prettyBytes from 'pretty-bytes';
import pMap from 'p-map';
import { shortHash, formatList, formatNumber } from '../../site/lib/format.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { mirrorManifestPath } from '../../site/schemas/node.ts';
import { decodeText, findSpecBlobs, MANIFEST_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { withProgress } from '../cli/progress.ts';
import type { MirrorFiles } from '../build-cache/mirror-files.ts';
import { type SourceBuild, checkSignature } from '../import/source.ts';
import {
  KEY_INDEX_PATH,
  KeyIndex,
  LAYOUT,
  OWN_INDEX,
  indexManifestPath,
  keyManifestPath,
  readNamedBlob,
} from '../build-cache/mirror-manifest.ts';
import type { Registry } from '../oci/registry.ts';
import type { CopyFolder } from './copy-folder.ts';
import { parseJson } from '../../site/lib/json.ts';
import { readPublicKeys } from '../../site/lib/spack/public-key.ts';
import {
  KEY_INDEX_MEDIA_TYPE,
  KEY_MEDIA_TYPE,
  INDEX_MEDIA_TYPE,
} from '../../site/schemas/mirror-manifest.ts';
import { readIndexFile } from '../import/index-file.ts';

/** Builds fetched at a time. */
const CONCURRENCY = 8;

/** Contents of a copy. */
export interface CopyResult {
  builds: number;
  /** Number of builds whose manifest is signed by a key of the cache. */
  signed: number;
  /** Fingerprints of the cache's keys. */
  keys: string[];
  bytes: number;
  /** Number of files of an earlier copy that were removed. */
  removed: number;
}

/** Options of a copy. */
export interface CopyOptions {
  /** Name of the view; empty: the mirror's own index. */
  view: string;
  folder: CopyFolder;
  /** Registries for blobs that the source does not have, tried in order. */
  registries?: readonly Registry[];
}

/**
 * Copies a view: blobs before the manifests that name them, and the index last, so that a copy with an index
 * is complete. If the cache has keys, each signature is checked against them. Throws one sentence about the
 * first fault; what was copied so far stays for the next try.
 */
export async function copyView(
  source: MirrorFiles,
  { view, folder, registries = [] }: CopyOptions,
): Promise<CopyResult> {
  const abort = new AbortController();
  const fetchBlob = (blob: Blob): Promise<string> =>
    folder.addBlob(blob, () => openBlob(source, blob, registries), abort.signal);
  const { manifest: indexManifest, builds } = await readViewIndex(source, view, fetchBlob);
  const keys = await copyKeys(source, folder, fetchBlob);
  const trust = { keys: [...keys.values()], unsigned: true };
  const result = { builds: builds.length, signed: 0, keys: [...keys.keys()], bytes: 0 };

  const failures = await withProgress('copying', builds.length, 'builds', (progress) =>
    pMap(
      builds,
      async (build) => {
        const failure = await attempt(build);
        progress.advance();
        return failure;
      },
      { concurrency: CONCURRENCY },
    ),
  );
  for (const failure of failures) if (failure) throw failure.reason;
  const layout = await source.read(LAYOUT.path, MANIFEST_LIMIT_BYTES);
  if (layout) await folder.addFile(LAYOUT.path, layout);
  for (const name of new Set([view, OWN_INDEX])) await folder.addFile(indexManifestPath(name), indexManifest);
  return { ...result, removed: await folder.removeOthers() };

  /** Copies a build. Its failure, if it is the first, aborts the other transfers, which are waited for. */
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
  }
}

async function openBlob(source: MirrorFiles, blob: Blob, registries: readonly Registry[]): Promise<Readable> {
  const path = mirrorBlobPath(blob.digest);
  const stream = await source.open(path);
  if (stream) return stream;
  for (const registry of registries.slice(0, -1))
    if (await registry.hasBlob(blob)) return registry.openBlob(blob);
  const last = registries.at(-1);
  if (last) return last.openBlob(blob);
  throw new Error(
    `${source.locate(path)}: expected a blob of ${blob.size} bytes, found none; a site whose budget is full leaves ` +
      'the rest to the registry: name that with --registry, or copy a smaller view',
  );
}

/** A summary of the copy, and the commands for using it, as lines for people. */
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

/** Public keys by fingerprint, armored. */
type Keys = ReadonlyMap<string, string>;

/** Copies a cache's public keys and their manifests unchanged. Empty when the cache has no key. */
async function copyKeys(
  source: MirrorFiles,
  folder: CopyFolder,
  fetchBlob: (blob: Blob) => Promise<string>,
): Promise<Keys> {
  const indexText = await copyNamedBlob(KEY_INDEX_PATH, KEY_INDEX_MEDIA_TYPE);
  if (indexText === undefined) return new Map();
  const { keys } = parseJson(indexText, KeyIndex, {
    where: source.locate(KEY_INDEX_PATH),
    expected: 'the list of keys that Spack writes',
    advice: 'run `spack buildcache update-index --keys` there',
  });
  const armored = new Map<string, string>();
  for (const fingerprint of Object.keys(keys).sort()) {
    const path = keyManifestPath(fingerprint);
    const text = await copyNamedBlob(path, KEY_MEDIA_TYPE);
    if (text === undefined)
      throw new Error(`${source.locate(path)}: expected a key, as the list of keys says, found none`);
    await readPublicKeys(text);
    armored.set(fingerprint, text);
  }
  return armored;

  /** Copies the blob that a manifest names, and the manifest. @returns the blob's text */
  async function copyNamedBlob(path: string, mediaType: string): Promise<string | undefined> {
    const where = source.locate(path);
    const manifest = await source.read(path, MANIFEST_LIMIT_BYTES);
    if (!manifest) return undefined;
    const blob = readNamedBlob(decodeText(manifest, where), where, mediaType);
    if (blob.size > MANIFEST_LIMIT_BYTES)
      throw new Error(
        `${where}: expected a blob of at most ${MANIFEST_LIMIT_BYTES} bytes, found one of ${blob.size}`,
      );
    const file = await fetchBlob(blob);
    await folder.addFile(path, manifest);
    return readFile(file, 'utf8');
  }
}

interface ViewIndex {
  /** The manifest of its index, unchanged. */
  manifest: Buffer;
  /** All builds that it lists, dependencies first. */
  builds: SourceBuild[];
}

/** A name that is a valid path segment of a mirror; empty for the mirror's own index. */
const VIEW_NAME = /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254})?$/;
/** Maximum number of builds that an error names. */
const NAMED = 3;

/**
 * Reads a view's index and checks that it is complete: everything that a build needs at run time must be
 * listed or come from the system.
 * @param fetchIndex fetches the blob of the index as a file
 */
async function readViewIndex(
  source: MirrorFiles,
  view: string,
  fetchIndex: (blob: Blob) => Promise<string>,
): Promise<ViewIndex> {
  if (!VIEW_NAME.test(view))
    throw new Error(`--view: expected the name of a view such as env-lab, found "${view.slice(0, 100)}"`);
  const path = indexManifestPath(view);
  const where = source.locate(path);
  const manifest = await source.read(path, MANIFEST_LIMIT_BYTES);
  if (!manifest)
    throw new Error(
      `${where}: expected the index of ${view === '' ? 'a cache' : `a view "${view}"`}, found none; ` +
        `${source.locate('api/views.json')} lists the views of a cache`,
    );
  const file = await fetchIndex(readNamedBlob(decodeText(manifest, where), where, INDEX_MEDIA_TYPE));
  const builds = await readIndexFile(createReadStream(file), where);
  expectClosed(builds, where);
  return { manifest, builds };
}

function expectClosed(builds: readonly SourceBuild[], where: string): void {
  const listed = new Set(builds.map(({ hash }) => hash));
  const open = builds.flatMap(({ name, version, hash, needs }) =>
    needs
      .filter((need) => !listed.has(need))
      .map((need) => `${name}@${version}/${shortHash(hash)} needs /${need}`),
  );
  if (open.length === 0) return;
  throw new Error(
    `${where}: expected all run-time dependencies of its builds, found ${formatList(open, NAMED)}, ` +
      'which it does not list; they cannot be installed without a network: build what is missing, or copy another view',
  );
}
