import { createCipheriv, createHash } from 'node:crypto';
import { blobRecord, manifestText } from '../../scripts/build-cache/mirror-manifest.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { SPEC_MEDIA_TYPE, TARBALL_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { fileStem } from '../../site/schemas/node.ts';
import { dagOf, nodeOf } from './dag.ts';
import { inventHistory, type History } from './history.ts';
import { gzipAsPython, packTarball } from './tarball.ts';
import { writeFiles, type GeneratedFile } from './write-files.ts';

/** Layout version that Spack 1.2 writes into the spec files of a v3 build cache. */
const SPEC_LAYOUT_VERSION = 2;

/**
 * Writes an unsigned v3 build cache with exactly `builds` builds and tiny tarballs to a directory that is new
 * or empty. It has no index: `spack buildcache update-index` creates one.
 * @returns the invented history; the same seed and number give the same files
 */
export async function generateCache(options: {
  builds: number;
  seed: number;
  directory: string;
  /** Approximate size of each tarball (default: tiny). */
  tarballBytes?: number;
}): Promise<History> {
  const history = inventHistory(options);
  await writeFiles(options.directory, cacheFiles(history, options.tarballBytes ?? 0));
  return history;
}

async function* cacheFiles(history: History, tarballBytes: number): AsyncGenerator<GeneratedFile> {
  yield { path: 'v3/layout.json', content: '{"signing": "gpg"}' };
  for (const { hash } of history.builds.values()) yield* await specFiles(history, hash, tarballBytes);
}

/** Creates a build's tarball, spec file and manifest. */
async function specFiles({ nodes }: History, hash: string, tarballBytes: number): Promise<GeneratedFile[]> {
  const root = nodeOf(nodes, hash);
  const texts = dagOf(nodes, hash).map(({ text }) => text);
  const spec = `{"spec":{"_meta":{"version":5},"nodes":[${texts.join(',')}]}`;
  const specFile = gzipAsPython(Buffer.from(`${spec},"buildcache_layout_version":${SPEC_LAYOUT_VERSION}}`));
  const payload = tarballBytes > 0 ? inventBytes(hash, tarballBytes) : undefined;
  const tarball = await packTarball(nodes, root, `${spec}}`, payload);
  const stem = fileStem(root.node);
  const records = [
    blobRecord(describe(tarball), TARBALL_MEDIA_TYPE, 'gzip'),
    blobRecord(describe(specFile), SPEC_MEDIA_TYPE, 'gzip'),
  ];
  return [
    { path: mirrorBlobPath(describe(tarball).digest), content: tarball },
    { path: mirrorBlobPath(describe(specFile).digest), content: specFile },
    {
      path: `v3/manifests/spec/${root.node.name}/${stem}.spec.manifest.json`,
      content: manifestText(records),
    },
  ];
}

/** Digits that gzip compresses to about this many bytes; the same for the same label. */
function inventBytes(label: string, compressedBytes: number): Buffer {
  const key = createHash('sha256').update(label).digest();
  const random = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(compressedBytes));
  return Buffer.from(random.toString('hex'));
}

function describe(bytes: Uint8Array): Blob {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length };
}
