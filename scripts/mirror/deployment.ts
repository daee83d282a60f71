import type { MirrorPlan } from '../../site/lib/mirror/plan.ts';
import type { Blob } from '../../site/schemas/build.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import type { Registry } from '../oci/registry.ts';
import type { BlobCache } from './blob-cache.ts';
import type { Dist } from './dist.ts';
import { indexOfAll, writeIndexes, writeIndexManifests } from './indexes.ts';
import type { PreviousIndex } from './previous-indexes.ts';
import { writeManifests } from './manifests.ts';
import { placeServedBlobs } from './served-blobs.ts';

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
