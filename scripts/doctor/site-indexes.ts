import { z } from 'zod';
import { isTemporary } from '../http/retry.ts';
import { TEXT_LIMIT_BYTES } from './site-files.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { digestOf } from '../cli/digest.ts';
import { describeError } from '../cli/command.ts';
import { indexManifestPath, readNamedBlob } from '../build-cache/mirror-manifest.ts';
import type { Diagnosis } from './diagnosis.ts';
import { readText, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';

/** Limit for an index; 10,000 builds take about 16 MB. */
const INDEX_LIMIT_BYTES = 2 ** 28;

/** The fields of an index that are read: its nodes, whether each has a binary, and their dependencies. */
const Index = z.object({
  database: z.object({
    version: z.literal('8'),
    installs: z.record(
      z.string(),
      z.object({
        spec: z.object({ dependencies: z.array(z.object({ hash: z.string() })).default([]) }),
        in_buildcache: z.boolean(),
      }),
    ),
  }),
});

/** Reports builds of a view that the whole index lacks. */
export function expectSubset(
  site: MirrorFiles,
  view: string,
  builds: Iterable<string>,
  whole: { name: string; builds: ReadonlySet<string> },
  diagnosis: Diagnosis,
): void {
  for (const hash of builds) {
    if (whole.builds.has(hash)) continue;
    diagnosis.add('view-not-subset', {
      where: site.locate(indexManifestPath(view)),
      expected: `builds that ${whole.name} has`,
      found: `/${hash}`,
    });
  }
}

/** The builds that an index lists; undefined, with a finding, when clients cannot read it. */
export async function readSiteIndex(
  site: MirrorFiles,
  view: string,
  blob: Blob,
  diagnosis: Diagnosis,
): Promise<Set<string> | undefined> {
  const path = mirrorBlobPath(blob.digest);
  try {
    const text = await readText(site, path, INDEX_LIMIT_BYTES);
    if (text === undefined) throw new Error('nothing');
    const digest = digestOf(text);
    if (digest !== blob.digest) throw new Error(digest);
    return listBuilds(text);
  } catch (error) {
    diagnosis.add('site-index-damaged', {
      where: site.locate(path),
      expected: `the index that ${indexManifestPath(view)} names`,
      found: describeError(error),
    });
    return undefined;
  }
}

/** The blob that the manifest of an index names. */
export function readIndexBlob(site: MirrorFiles, view: string): Promise<Blob | undefined> {
  return readSiteBlob(site, indexManifestPath(view), INDEX_MEDIA_TYPE);
}

/** The blob that the manifest of an index or a key names; undefined without a readable manifest. */
export async function readSiteBlob(
  site: MirrorFiles,
  path: string,
  mediaType: string,
): Promise<Blob | undefined> {
  try {
    const text = await readText(site, path, TEXT_LIMIT_BYTES);
    return text === undefined ? undefined : readNamedBlob(text, path, mediaType);
  } catch (error) {
    if (isTemporary(error)) throw error;
    return undefined;
  }
}

/** An index in words. */
export function indexText(view: string, { size }: Blob): string {
  return `the index that ${indexManifestPath(view)} names, ${size} bytes`;
}

/** Hashes of the builds in an index. Throws when clients cannot read it. */
function listBuilds(text: string): Set<string> {
  const { installs } = Index.parse(JSON.parse(text)).database;
  const listed = new Set<string>();
  for (const [hash, { spec, in_buildcache: isBuild }] of Object.entries(installs)) {
    for (const dependency of spec.dependencies)
      if (!Object.hasOwn(installs, dependency.hash))
        throw new Error(
          `an index without /${dependency.hash}, which /${hash} depends on: no client can read it`,
        );
    if (isBuild) listed.add(hash);
  }
  return listed;
}

/** Describes another index than the expected one. */
export function describeOther(
  blob: Blob | undefined,
  there: ReadonlySet<string> | undefined,
  expected: ReadonlySet<string>,
): string {
  if (!blob) return 'no manifest that can be read';
  if (!there) return `another index, ${blob.digest}`;
  const missing = [...expected].filter((hash) => !there.has(hash));
  const more = [...there].filter((hash) => !expected.has(hash));
  const name = (hashes: string[]): string =>
    hashes
      .slice(0, 3)
      .map((hash) => `/${hash}`)
      .join(', ');
  return [
    `one of ${there.size} builds, ${blob.digest}`,
    ...(missing.length > 0 ? [`${missing.length} missing (${name(missing)})`] : []),
    ...(more.length > 0 ? [`${more.length} more (${name(more)})`] : []),
  ].join('; ');
}
