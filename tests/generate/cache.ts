import { createHash } from 'node:crypto';
import { blobRecord, manifestText } from '../../scripts/build-cache/mirror-manifest.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { SPEC_MEDIA_TYPE, TARBALL_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { fileStem } from '../../site/schemas/node.ts';
import { dagOf, nodeOf } from './dag.ts';
import { inventHistory, type History } from './history.ts';
import { gzipAsPython, packTarball } from './tarball.ts';
import { writeFiles, type GeneratedFile } from './write-files.ts';

/** What Spack 1.2 writes into the spec files of a v3 build cache. */
const SPEC_LAYOUT_VERSION = 2;

/**
 * Writes an unsigned v3 build cache of exactly `builds` builds, with the tiny tarballs of them all, to a directory
 * that is new or empty. It has no index: `spack buildcache update-index` makes one.
 * @returns what was invented; the same seed and number give the same files
 */
export async function generateCache(options: {
  builds: number;
  seed: number;
  directory: string;
}): Promise<History> {
  const history = inventHistory(options);
  await writeFiles(options.directory, cacheFiles(history));
  return history;
}

async function* cacheFiles(history: History): AsyncGenerator<GeneratedFile> {
  yield { path: 'v3/layout.json', content: '{"signing": "gpg"}' };
  for (const { hash } of history.builds.values()) yield* await specFiles(history, hash);
}

/** A build's tarball, spec file and manifest. */
async function specFiles({ nodes }: History, hash: string): Promise<GeneratedFile[]> {
  const root = nodeOf(nodes, hash);
  const texts = dagOf(nodes, hash).map(({ text }) => text);
  const spec = `{"spec":{"_meta":{"version":5},"nodes":[${texts.join(',')}]}`;
  const specFile = gzipAsPython(Buffer.from(`${spec},"buildcache_layout_version":${SPEC_LAYOUT_VERSION}}`));
  const tarball = await packTarball(nodes, root, `${spec}}`);
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

function describe(bytes: Uint8Array): Blob {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length };
}
