import { databaseText } from '../../site/lib/spack/database.ts';
import type { MirrorPlan } from '../../site/lib/mirror/plan.ts';
import { ALL_VIEW } from '../../site/lib/mirror/views.ts';
import type { Blob } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { blobRecord, manifestText } from '../build-cache/mirror-manifest.ts';
import type { Dist } from './dist.ts';
import { digestOf } from '../cli/digest.ts';

/** The name of the index that a client reads when its mirror names no view. */
export const OWN_INDEX = '';

/** Where the manifest of an index lies on a mirror. */
export function indexManifestPath(view: string): string {
  return `v3/manifests/index/${view === OWN_INDEX ? '' : `${view}/`}index.manifest.json`;
}

/**
 * Writes the blobs of a mirror's own index and of its views; equal ones once.
 * @returns each index's blob by its view's name
 */
export async function writeIndexes(
  plan: MirrorPlan,
  nodes: Catalog['nodes'],
  dist: Dist,
): Promise<Map<string, Blob>> {
  const blobs = new Map<string, Blob>();
  const byRoots = new Map<string, Blob>();
  for (const [view, roots] of [[OWN_INDEX, [...plan.listed]] as const, ...plan.views]) {
    const key = roots.join();
    const blob = byRoots.get(key) ?? (await writeIndex(roots, nodes, dist));
    byRoots.set(key, blob);
    blobs.set(view, blob);
  }
  return blobs;
}

/** The blob of the index of everything. */
export function indexOfAll(indexes: ReadonlyMap<string, Blob>): Blob {
  const blob = indexes.get(ALL_VIEW);
  if (!blob) throw new Error(`expected a view "${ALL_VIEW}"`);
  return blob;
}

/** Writes the manifests of indexes, once their blobs lie there. */
export async function writeIndexManifests(indexes: ReadonlyMap<string, Blob>, dist: Dist): Promise<void> {
  for (const [view, blob] of indexes) {
    await dist.addText(indexManifestPath(view), manifestText([blobRecord(blob, INDEX_MEDIA_TYPE, 'none')]));
  }
}

async function writeIndex(roots: readonly DagHash[], nodes: Catalog['nodes'], dist: Dist): Promise<Blob> {
  const bytes = Buffer.from(databaseText(roots, nodes));
  const digest = digestOf(bytes);
  const blob = { digest, size: bytes.length };
  await dist.addBytes(blob, bytes);
  return blob;
}
