import type { z } from 'zod';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { tryJson } from '../../site/lib/json.ts';
import { ALL_VIEW, listViews, monthView, namedViews, sortByManifest } from '../../site/lib/mirror/views.ts';
import { databaseText } from '../../site/lib/spack/database.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath, type DagHash } from '../../site/schemas/digest.ts';
import { readText, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { digestOf } from '../cli/digest.ts';
import { indexManifestPath } from '../build-cache/mirror-manifest.ts';
import { ViewNames } from '../mirror/previous-indexes.ts';
import { describeOther, expectSubset, indexText, readSiteIndex, readIndexBlob } from './site-indexes.ts';
import type { Diagnosis } from './diagnosis.ts';
import { expectBytes, expectSize, lookAt, TEXT_LIMIT_BYTES } from './site-files.ts';

/** Bytes of views that a run without `--deep` reads, smallest first. */
const QUICK_VIEW_BYTES = 2 ** 23;

/** The index blobs of the views that the site names, keyed by view, without that of everything. */
export async function readViews(site: MirrorFiles, diagnosis: Diagnosis): Promise<Map<string, Blob>> {
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

/** A site's own index, and what is known of it. */
interface Surroundings {
  own: Blob | undefined;
  /** Builds that it lists. */
  listed: ReadonlySet<string>;
  /** Infinity reads all views. */
  limit: number;
  indexed: Catalog;
  /** Whether the site shows another state of the catalog. */
  isBehind: boolean;
}

/**
 * Checks that each view is what the catalog selects for it among the builds of the site's own index; without
 * `--deep` only the smallest views.
 */
export async function checkViews(
  site: MirrorFiles,
  views: ReadonlyMap<string, Blob>,
  { own, listed, limit, indexed, isBehind }: Surroundings,
  diagnosis: Diagnosis,
): Promise<void> {
  let room = limit === Infinity ? Infinity : QUICK_VIEW_BYTES;
  let checked = 0;
  const selected = isBehind ? undefined : selectViews(indexed, listed, [...views.keys()]);
  for (const view of selected?.keys() ?? []) if (!views.has(view)) reportMissing(site, view, diagnosis);
  for (const [view, blob] of [...views].sort(([, a], [, b]) => a.size - b.size)) {
    const roots = selected?.get(view);
    // The site's own index under another name is a view of everything on the site.
    const isOwn = blob.digest === own?.digest && (!roots || roots.length === listed.size);
    if (!isOwn && blob.size > room) {
      await expectSize(site, blob, diagnosis, ['site-index-damaged', indexText(view, blob)]);
      continue;
    }
    checked += 1;
    if (isOwn) continue;
    room -= blob.size;
    if (roots && digestOf(databaseText(roots, indexed.nodes)) === blob.digest) {
      const file = { path: mirrorBlobPath(blob.digest), blob };
      await expectBytes(site, file, diagnosis, ['site-index-damaged', indexText(view, blob)]);
      continue;
    }
    const builds = await readSiteIndex(site, view, blob, diagnosis);
    expectSubset(site, view, builds ?? [], { name: "the site's own index", builds: listed }, diagnosis);
    if (selected && builds) reportOther(site, { view, blob, builds }, new Set(roots), diagnosis);
  }
  const note =
    checked < views.size ? { note: 'the largest were only checked for existence; --deep reads them' } : {};
  diagnosis.count('site', 'views are what the catalog selects', views.size, { checked, ...note });
}

/** The views of the builds on a site. Months are taken as they are there, since the budget decides on them. */
function selectViews(
  { nodes, environments, snapshots, ...catalog }: Catalog,
  listed: ReadonlySet<string>,
  served: readonly string[],
): Map<string, DagHash[]> {
  const builds = sortByManifest([...catalog.builds.values()]);
  const there = builds.filter(({ hash }) => listed.has(hash));
  const possible = new Set(there.map(monthView));
  const months = served.filter((view) => possible.has(view));
  return listViews(there, nodes, namedViews({ environments, snapshots }, builds, nodes), months);
}

function reportMissing(site: MirrorFiles, view: string, diagnosis: Diagnosis): void {
  diagnosis.add('view-differs', {
    where: site.locate(indexManifestPath(view)),
    expected: 'a view that the catalog selects',
    found: 'none in /api/views.json',
  });
}

function reportOther(
  site: MirrorFiles,
  { view, blob, builds }: { view: string; blob: Blob; builds: ReadonlySet<string> },
  expected: ReadonlySet<string>,
  diagnosis: Diagnosis,
): void {
  diagnosis.add('view-differs', {
    where: site.locate(indexManifestPath(view)),
    expected: `the index of the ${expected.size} builds that the catalog selects for ${view}`,
    found: describeOther(blob, builds, expected),
  });
}
