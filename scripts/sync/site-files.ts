import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { digestFrom, mirrorBlobPath } from '../../site/schemas/digest.ts';
import { decodeText } from '../build-cache/build-cache.ts';
import { parseMirrorManifest } from '../build-cache/mirror-manifest.ts';
import { indexManifestPath, OWN_INDEX } from '../mirror/indexes.ts';
import type { LocalFile } from './place.ts';

const BLOB = /^blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/;

/**
 * Lists the files of a built site with its mirror. Throws when there is none, or when an index of it names a blob that
 * it does not have: a half of a site would take away what is at the place.
 */
export async function listSiteFiles(folder: string): Promise<LocalFile[]> {
  const found = await fastGlob('**', { cwd: folder, dot: true, stats: true, followSymbolicLinks: false });
  const files = found
    .map(({ path, stats }): LocalFile => {
      const hex = BLOB.exec(path)?.[1];
      return {
        path,
        file: join(folder, path),
        size: stats?.size ?? 0,
        ...(hex !== undefined && { digest: digestFrom(hex) }),
      };
    })
    .sort((a, b) => compareTexts(a.path, b.path));
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  expectFile(folder, sizes, 'index.html', 'npm run build');
  expectFile(folder, sizes, indexManifestPath(OWN_INDEX), 'node scripts/mirror.ts');
  for (const { path, file } of files)
    if (path.startsWith('v3/manifests/index/')) await expectBlobs(file, sizes);
  return files;
}

function expectFile(folder: string, sizes: ReadonlyMap<string, number>, path: string, command: string): void {
  if (!sizes.has(path))
    throw new Error(
      `${folder}: expected a built site with its mirror, found no ${path}; run \`${command}\` first`,
    );
}

async function expectBlobs(file: string, sizes: ReadonlyMap<string, number>): Promise<void> {
  for (const { checksum, contentLength } of parseMirrorManifest(decodeText(await readFile(file), file), file)
    .data) {
    const path = mirrorBlobPath(digestFrom(checksum));
    if (sizes.get(path) !== contentLength)
      throw new Error(
        `${file}: expected the index that it names as ${path} of ${contentLength} bytes, found ` +
          `${sizes.has(path) ? `${sizes.get(path)} bytes` : 'no file'}; run \`node scripts/mirror.ts\` again`,
      );
  }
}
