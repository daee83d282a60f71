import { z } from 'zod';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { runtimeDependencies } from '../../site/schemas/node.ts';
import { isTemporary } from '../http/retry.ts';
import { drain } from '../mirror/blob-cache.ts';
import { verified } from '../oci/verify.ts';
import { expectSize, lookAt, TEXT_LIMIT_BYTES } from './site-files.ts';
import { tryJson } from '../../site/lib/json.ts';
import { ALL_VIEW } from '../../site/lib/mirror/views.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath, type Digest } from '../../site/schemas/digest.ts';
import { digestOf } from '../cli/digest.ts';
import { describeError } from '../cli/command.ts';
import { indexManifestPath, OWN_INDEX } from '../mirror/indexes.ts';
import { ViewNames } from '../mirror/previous-indexes.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { readText, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { readNamedBlob } from '../build-cache/mirror-manifest.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';

/** Limit for an index; 10,000 builds take about 16 MB. */
const INDEX_LIMIT_BYTES = 2 ** 28;
/** Bytes of views that a run without `--deep` reads, smallest first. */
const QUICK_VIEW_BYTES = 2 ** 23;

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

/** Contents of a site's indexes. */
export interface SiteIndexes {
  /** Hashes of the builds that the site's own index lists. */
  listed: Set<string>;
  blobs: Set<Digest>;
  /** Whether the index of everything differs from the catalog's. */
  isBehind: boolean;
}

/** Compares a site's indexes with the catalog: the index of everything, the site's own, and its views. */
export async function checkIndexes(
  { catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, index, limit }: { site: MirrorFiles; index: Blob; limit: number },
): Promise<SiteIndexes> {
  const everything = new Set(catalog.builds.keys());
  const all = await readIndexBlob(site, ALL_VIEW);
  const own = await readIndexBlob(site, OWN_INDEX);
  diagnosis.count('site', 'the index matches the catalog', 1);
  const isBehind = all?.digest !== index.digest || all.size !== index.size;
  if (isBehind) {
    const there = all && (await readIndex(site, ALL_VIEW, all, diagnosis));
    diagnosis.add('site-index-differs', {
      where: site.locate(indexManifestPath(ALL_VIEW)),
      expected: `the index of ${everything.size} builds, ${index.digest}`,
      found: describeIndex(all, there, everything),
    });
  }
  let listed = new Set<string>();
  if (own && own.digest === all?.digest && !isBehind) {
    listed = everything;
    await expectBytes(site, own, OWN_INDEX, diagnosis);
  } else if (own) listed = (await readIndex(site, OWN_INDEX, own, diagnosis)) ?? listed;
  else
    diagnosis.add('site-index-differs', {
      where: site.locate(indexManifestPath(OWN_INDEX)),
      expected: 'the index that clients read',
      found: 'no manifest that can be read',
    });
  expectSubset(site, OWN_INDEX, listed, { name: 'the catalog', builds: everything }, diagnosis);

  if (listed !== everything) expectClosed(site, listed, catalog, diagnosis);
  const views = await readViews(site, diagnosis);
  await checkViews(site, views, { own, listed, limit }, diagnosis);
  const blobs = [all, own, ...views.values()].flatMap((blob) => blob?.digest ?? []);
  return { listed, blobs: new Set(blobs), isBehind };
}

/**
 * Checks that run-time dependencies of listed builds are listed, too, since a client with only this mirror
 * would build them.
 */
function expectClosed(
  site: MirrorFiles,
  listed: ReadonlySet<string>,
  { nodes, builds }: Pick<Catalog, 'nodes' | 'builds'>,
  diagnosis: Diagnosis,
): void {
  for (const hash of listed) {
    const node = nodes.get(hash)?.node;
    const open =
      node && runtimeDependencies(node).find((need) => builds.has(need.hash) && !listed.has(need.hash));
    if (open === undefined) continue;
    diagnosis.add('site-index-open', {
      where: site.locate(indexManifestPath(OWN_INDEX)),
      expected: `the run-time dependencies of ${node?.name}@${node?.version}/${hash} in the same index`,
      found: `no ${open.name}/${open.hash}`,
    });
  }
}

/** The index blobs of the views that the site names, keyed by view, without that of everything. */
async function readViews(site: MirrorFiles, diagnosis: Diagnosis): Promise<Map<string, Blob>> {
  const views = new Map<string, Blob>();
  let named: z.infer<typeof ViewNames> | undefined;
  await lookAt(site, 'api/views.json', diagnosis, async () => {
    const text = await readText(site, 'api/views.json', TEXT_LIMIT_BYTES);
    named = tryJson(text ?? '', ViewNames);
    if (named) return;
    diagnosis.add('site-index-damaged', {
      where: site.locate('api/views.json'),
      expected: 'the list of views',
      found: text === undefined ? 'nothing' : 'something else',
    });
  });
  for (const { name } of named?.views ?? []) {
    if (name === ALL_VIEW) continue;
    const blob = await readIndexBlob(site, name);
    if (blob) views.set(name, blob);
    else
      diagnosis.add('site-index-damaged', {
        where: site.locate(indexManifestPath(name)),
        expected: `the index of the view ${name}, which /api/views.json names`,
        found: 'no manifest that can be read',
      });
  }
  return views;
}

/** Checks that views list only builds of the site's own index; without `--deep` only the smallest views. */
async function checkViews(
  site: MirrorFiles,
  views: ReadonlyMap<string, Blob>,
  { own, listed, limit }: { own: Blob | undefined; listed: ReadonlySet<string>; limit: number },
  diagnosis: Diagnosis,
): Promise<void> {
  let room = limit === Infinity ? Infinity : QUICK_VIEW_BYTES;
  let checked = 0;
  for (const [view, blob] of [...views].sort(([, a], [, b]) => a.size - b.size)) {
    // The site's own index under another name is a view of everything on the site.
    const isOwn = blob.digest === own?.digest;
    if (!isOwn && blob.size > room) {
      await expectSize(site, blob, diagnosis, ['site-index-damaged', indexText(view, blob)]);
      continue;
    }
    checked += 1;
    if (isOwn) continue;
    room -= blob.size;
    const builds = await readIndex(site, view, blob, diagnosis);
    expectSubset(site, view, builds ?? [], { name: "the site's own index", builds: listed }, diagnosis);
  }
  const note =
    checked < views.size ? { note: 'the largest were only checked for existence; --deep reads them' } : {};
  diagnosis.count('site', 'views are subsets', views.size, { checked, ...note });
}

function expectSubset(
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
async function readIndex(
  site: MirrorFiles,
  view: string,
  blob: Blob,
  diagnosis: Diagnosis,
): Promise<Set<string> | undefined> {
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
}

function readIndexBlob(site: MirrorFiles, view: string): Promise<Blob | undefined> {
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

/** Hashes the index that every client reads, in each run. A stream is enough, since its content is known. */
async function expectBytes(site: MirrorFiles, blob: Blob, view: string, diagnosis: Diagnosis): Promise<void> {
  const path = mirrorBlobPath(blob.digest);
  try {
    const stream = await site.open(path);
    if (stream) await drain(verified(stream, site.locate(path), blob));
    else throw new Error('nothing');
  } catch (error) {
    if (isTemporary(error)) throw error;
    diagnosis.add('site-index-damaged', {
      where: site.locate(path),
      expected: indexText(view, blob),
      found: describeError(error),
    });
  }
}

function indexText(view: string, { size }: Blob): string {
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
