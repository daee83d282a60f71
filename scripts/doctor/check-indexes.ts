import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { runtimeDependencies } from '../../site/schemas/node.ts';
import { describeOther, expectSubset, indexText, readSiteIndex, readIndexBlob } from './site-indexes.ts';
import { checkViews, readViews } from './check-views.ts';
import { expectBytes } from './site-files.ts';
import { ALL_VIEW } from '../../site/lib/mirror/views.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath, type Digest } from '../../site/schemas/digest.ts';
import { indexManifestPath, OWN_INDEX } from '../build-cache/mirror-manifest.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { type MirrorFiles } from '../build-cache/mirror-files.ts';

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
  { site, index, limit, indexed }: { site: MirrorFiles; index: Blob; limit: number; indexed: Catalog },
): Promise<SiteIndexes> {
  const everything = new Set(catalog.builds.keys());
  const all = await readIndexBlob(site, ALL_VIEW);
  const own = await readIndexBlob(site, OWN_INDEX);
  diagnosis.count('site', 'the index matches the catalog', 1);
  const isBehind = all?.digest !== index.digest || all.size !== index.size;
  if (isBehind) {
    const there = all && (await readSiteIndex(site, ALL_VIEW, all, diagnosis));
    diagnosis.add('site-index-differs', {
      where: site.locate(indexManifestPath(ALL_VIEW)),
      expected: `the index of ${everything.size} builds, ${index.digest}`,
      found: describeOther(all, there, everything),
    });
  }
  let listed = new Set<string>();
  if (own && own.digest === all?.digest && !isBehind) {
    listed = everything;
    await expectBytes(site, { path: mirrorBlobPath(own.digest), blob: own }, diagnosis, [
      'site-index-damaged',
      indexText(OWN_INDEX, own),
    ]);
  } else if (own) listed = (await readSiteIndex(site, OWN_INDEX, own, diagnosis)) ?? listed;
  else
    diagnosis.add('site-index-differs', {
      where: site.locate(indexManifestPath(OWN_INDEX)),
      expected: 'the index that clients read',
      found: 'no manifest that can be read',
    });
  expectSubset(site, OWN_INDEX, listed, { name: 'the catalog', builds: everything }, diagnosis);

  if (listed !== everything) expectClosed(site, listed, catalog, diagnosis);
  const views = await readViews(site, diagnosis);
  await checkViews(site, views, { own, listed, limit, indexed, isBehind }, diagnosis);
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
