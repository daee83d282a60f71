import prettyBytes from 'pretty-bytes';
import { shapeFailures } from '../../site/lib/catalog/shape-history.ts';
import { planMirror, type MirrorInput, type MirrorPlan } from '../../site/lib/mirror/plan.ts';
import { listRetired } from '../../site/lib/mirror/retired.ts';
import type { Blob } from '../../site/schemas/build.ts';
import type { Settings } from '../../site/schemas/settings.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { readCatalog, readEntries } from '../catalog/catalog.ts';
import { readRemoved } from '../catalog/removal.ts';
import type { Registry } from '../oci/registry.ts';
import type { BlobCache } from './blob-cache.ts';
import type { Dist } from './dist.ts';
import { indexOfAll, writeIndexes, writeIndexManifests } from './indexes.ts';
import { fetchLiveIndexes, warnOfLost, type PreviousIndex } from './previous-indexes.ts';
import { leaveOutUnreadable, type ReadableCatalog } from './readable-catalog.ts';
import { shrinkToBudget } from './shrink-to-budget.ts';
import { writeManifests } from './manifests.ts';
import { placeServedBlobs } from './served-blobs.ts';

/** What a deployment is made from, and a sentence for each node that no client could read. */
export interface DeploymentInput extends ReadableCatalog {
  input: MirrorInput;
}

/** Reads the catalog as a mirror holds it. */
export function readDeployment({
  CATALOG_DIR: directory,
  PAGES_BUDGET: budget,
}: Pick<Settings, 'CATALOG_DIR' | 'PAGES_BUDGET'>): DeploymentInput {
  const { catalog, leftOut } = leaveOutUnreadable(readCatalog(directory));
  const retired = listRetired(readRemoved(directory).values(), catalog.builds);
  const { failureBytes } = shapeFailures(readEntries(directory, 'failures'), budget);
  const input = { ...catalog, builds: [...catalog.builds.values()], retired, failureBytes };
  return { catalog, input, leftOut };
}

/** What a deployment is to hold. */
export interface DeploymentPlan {
  /** What the pages of the site were built from. */
  planned: MirrorPlan;
  /** The same, or less where pages and indexes turned out larger than planned. */
  plan: MirrorPlan;
  /** The indexes of the deployment before that stay. */
  live: readonly PreviousIndex[];
}

/** Plans the mirror and the indexes that stay from the deployment before, all of it within the budget. */
export async function planDeployment(
  input: MirrorInput,
  { PAGES_BUDGET: budget, SITE_URL: siteUrl }: Pick<Settings, 'PAGES_BUDGET' | 'SITE_URL'>,
  { cache, dist }: { cache: BlobCache; dist: Pick<Dist, 'siteBytes'> },
): Promise<DeploymentPlan> {
  const planned = planMirror(input, budget);
  const previous = await fetchLiveIndexes(siteUrl, { views: planned.views.keys(), cache, budget });
  const { siteBytes } = dist;
  const { plan, live, dropped } = shrinkToBudget(planned, input, { siteBytes, live: previous });
  for (const { blob } of dropped)
    warnOfLost(siteUrl, new Error(`no room in the budget for ${blob.digest} of ${prettyBytes(blob.size)}`));
  return { planned, plan, live };
}

/**
 * Writes all that Spack reads into the built site, what is named before what names it, and removes what an
 * earlier run left there. Running it again changes nothing.
 * @returns the index of everything, which the registry gets too
 */
export async function writeMirror(
  plan: MirrorPlan,
  { catalog, live }: { catalog: Catalog; live: readonly PreviousIndex[] },
  { registry, cache, dist }: { registry: Registry; cache: BlobCache; dist: Dist },
): Promise<Blob> {
  const indexes = await writeIndexes(plan, catalog.nodes, dist);
  for (const { blob, file } of live) await dist.addFile(blob, file);
  await placeServedBlobs(plan, catalog.builds, { registry, cache, dist });
  await writeManifests(catalog, plan.retired, dist);
  await writeIndexManifests(indexes, dist);
  await dist.removeOthers();
  return indexOfAll(indexes);
}
