import { createReadStream } from 'node:fs';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom } from '../../site/schemas/digest.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { decodeText, MANIFEST_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { parseMirrorManifest } from '../build-cache/mirror-manifest.ts';
import { readIndexFile } from '../import/index-file.ts';
import type { SourceFolder } from '../import/source-folder.ts';
import type { SourceBuild } from '../import/source.ts';
import { indexManifestPath } from '../mirror/indexes.ts';
import { splitSigned } from '../signing/signature.ts';

/** A view of a cache. */
export interface ViewIndex {
  /** The manifest of its index as the cache has it. */
  manifest: Buffer;
  /** Each build that it lists, those that others need before them. */
  builds: SourceBuild[];
}

/** A name as a path segment of a mirror; empty for the mirror's own index. */
const VIEW_NAME = /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254})?$/;
/** How many builds a refusal names. */
const NAMED = 3;

/**
 * Reads a view's index and checks that it is closed: whatever a build needs at run time is listed, or comes from
 * the system.
 * @param fetchIndex gets the blob of the index as a file
 */
export async function readViewIndex(
  source: SourceFolder,
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
  const [record] = parseMirrorManifest(splitSigned(decodeText(manifest, where), where).text, where).data;
  if (record?.mediaType !== INDEX_MEDIA_TYPE)
    throw new Error(`${where}: expected an index of version 8, found another; update it with Spack 1`);
  const file = await fetchIndex({ digest: digestFrom(record.checksum), size: record.contentLength });
  const builds = await readIndexFile(createReadStream(file), where);
  expectClosed(builds, where);
  return { manifest, builds };
}

function expectClosed(builds: readonly SourceBuild[], where: string): void {
  const listed = new Set(builds.map(({ hash }) => hash));
  const open = builds.flatMap(({ name, version, hash, needs }) =>
    needs
      .filter((need) => !listed.has(need))
      .map((need) => `${name}@${version}/${hash.slice(0, 7)} needs /${need}`),
  );
  if (open.length === 0) return;
  const others = open.length > NAMED ? ` and ${open.length - NAMED} more` : '';
  throw new Error(
    `${where}: expected all that its builds need at run time, found ${open.slice(0, NAMED).join(', ')}${others}, ` +
      'which it does not list; nothing could install these without a network: build what is missing, or copy another view',
  );
}
