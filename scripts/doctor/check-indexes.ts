import { z } from 'zod';
import { tryJson } from '../../site/lib/json.ts';
import { ALL_VIEW } from '../../site/lib/mirror/views.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath, type Digest } from '../../site/schemas/digest.ts';
import { digestOf } from '../cli/digest.ts';
import { describeError } from '../cli/command.ts';
import { indexManifestPath, OWN_INDEX } from '../mirror/indexes.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { readText, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { readNamedBlob } from '../build-cache/mirror-manifest.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';

const TEXT_LIMIT_BYTES = 2 ** 22;
/** 10,000 builds take some 16 MB. */
const INDEX_LIMIT_BYTES = 2 ** 28;
/** Bytes of views that a run without `--deep` reads, the smallest first. */
const QUICK_VIEW_BYTES = 2 ** 23;

const ViewNames = z.object({
  views: z.array(z.object({ name: z.string().regex(/^[A-Za-z0-9_.-]{1,255}$/) })),
});

/** What is read of an index: who is in it, whether with a binary, and what each depends on. */
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

/** What a site's indexes say. */
export interface SiteIndexes {
  /** Hashes of the builds that the site's own index lists. */
  listed: Set<string>;
  /** Digests of all index blobs. */
  blobs: Set<Digest>;
  /** Whether the index of everything is not that of the catalog. */
  isBehind: boolean;
}

/** Compares a site's indexes with the catalog: that of everything, its own, and its views. */
export async function checkIndexes(
  { catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, index, limit }: { site: MirrorFiles; index: Blob; limit: number },
): Promise<SiteIndexes> {
  const everything = new Set(catalog.builds.keys());
  const result: SiteIndexes = { listed: new Set(), blobs: new Set(), isBehind: false };
  const read = async (view: string, blob: Blob): Promise<Set<string> | undefined> => {
    const path = mirrorBlobPath(blob.digest);
    try {
      const text = await readText(site, path, INDEX_LIMIT_BYTES);
      if (text === undefined || digestOf(text) !== blob.digest)
        throw new Error(text === undefined ? 'nothing' : `${digestOf(text)}`);
      return listBuilds(text);
    } catch (error) {
      diagnosis.add('site-index-damaged', {
        where: site.locate(path),
        expected: `the index that ${indexManifestPath(view)} names`,
        found: describeError(error),
      });
      return undefined;
    }
  };

  const all = await readSiteBlob(site, indexManifestPath(ALL_VIEW), INDEX_MEDIA_TYPE);
  const own = await readSiteBlob(site, indexManifestPath(OWN_INDEX), INDEX_MEDIA_TYPE);
  diagnosis.count('site', 'the index is that of the catalog', 1);
  result.isBehind = all?.digest !== index.digest;
  if (result.isBehind) {
    const there = all && (await read(ALL_VIEW, all));
    diagnosis.add('site-index-differs', {
      where: site.locate(indexManifestPath(ALL_VIEW)),
      expected: `the index of ${everything.size} builds, ${index.digest}`,
      found: describeIndex(all, there, everything),
    });
  }
  if (own && own.digest === all?.digest && !result.isBehind) {
    result.listed = everything;
    await expectBlob(site, own, OWN_INDEX, diagnosis);
  } else if (own) result.listed = (await read(OWN_INDEX, own)) ?? result.listed;
  else
    diagnosis.add('site-index-differs', {
      where: site.locate(indexManifestPath(OWN_INDEX)),
      expected: 'the index that clients read',
      found: 'no manifest that can be read',
    });
  for (const hash of result.listed) if (!everything.has(hash)) addForeign(OWN_INDEX, hash, 'the catalog');

  const views = new Map<string, Blob>();
  for (const view of await readViewNames(site)) {
    if (view === ALL_VIEW) continue;
    const blob = await readSiteBlob(site, indexManifestPath(view), INDEX_MEDIA_TYPE);
    if (blob) views.set(view, blob);
    else
      diagnosis.add('site-index-damaged', {
        where: site.locate(indexManifestPath(view)),
        expected: `the index of the view ${view}, which /api/views.json names`,
        found: 'no manifest that can be read',
      });
  }
  for (const blob of [all, own, ...views.values()]) if (blob) result.blobs.add(blob.digest);
  let room = limit === Infinity ? Infinity : QUICK_VIEW_BYTES;
  let checked = 0;
  const bySize = [...views].sort(([, a], [, b]) => a.size - b.size);
  for (const [view, blob] of bySize) {
    // The site's own index under another name is a view of everything that is on the site.
    const isOwn = blob.digest === own?.digest;
    if (!isOwn && blob.size > room) {
      await expectBlob(site, blob, view, diagnosis);
      continue;
    }
    checked += 1;
    if (isOwn) continue;
    room -= blob.size;
    for (const hash of (await read(view, blob)) ?? [])
      if (!result.listed.has(hash)) addForeign(view, hash, "the site's own index");
  }
  const note =
    checked < views.size ? { note: 'the largest ones only for being there; --deep reads all' } : {};
  diagnosis.count('site', 'views are subsets', views.size, { checked, ...note });
  return result;

  function addForeign(view: string, hash: string, where: string): void {
    diagnosis.add('view-not-subset', {
      where: site.locate(indexManifestPath(view)),
      expected: `builds that ${where} has`,
      found: `/${hash}`,
    });
  }
}

/** The blob that a manifest of an index or a key names; undefined where there is no manifest that can be read. */
export async function readSiteBlob(
  site: MirrorFiles,
  path: string,
  mediaType: string,
): Promise<Blob | undefined> {
  const text = await readText(site, path, TEXT_LIMIT_BYTES);
  try {
    return text === undefined ? undefined : readNamedBlob(text, path, mediaType);
  } catch {
    return undefined;
  }
}

async function readViewNames(site: MirrorFiles): Promise<string[]> {
  const text = await readText(site, 'api/views.json', TEXT_LIMIT_BYTES);
  return tryJson(text ?? '', ViewNames)?.views.map(({ name }) => name) ?? [];
}

async function expectBlob(site: MirrorFiles, blob: Blob, view: string, diagnosis: Diagnosis): Promise<void> {
  const path = mirrorBlobPath(blob.digest);
  const size = await site.sizeOf(path);
  if (size === blob.size || Number.isNaN(size)) return;
  diagnosis.add('site-index-damaged', {
    where: site.locate(path),
    expected: `the index that ${indexManifestPath(view)} names, ${blob.size} bytes`,
    found: size === undefined ? 'nothing' : `${size} bytes`,
  });
}

/** Hashes of the builds in an index. Throws when a client could not read it. */
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

function describeIndex(
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
