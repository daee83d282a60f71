import { z } from 'zod';
import { groupByRegistry, isLocal } from '../../site/lib/registry-address.ts';
import { Image } from '../../site/schemas/build.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { readCatalogFiles } from '../catalog/catalog.ts';
import { readRemoved } from '../catalog/removal.ts';

/**
 * Registries of targets that have their own, keyed by the target's name. Empty if the cache's own registry is
 * a folder, as in a dry run: it receives everything.
 */
export function homesOf(targets: readonly Target[], own: string): Map<string, string> {
  if (isLocal(own)) return new Map();
  return new Map(targets.flatMap(({ name, registry }) => (registry === undefined ? [] : [[name, registry]])));
}

const StoredBuild = z.object({ image: z.object({ registry: Image.shape.registry }) });

/** Lists all registries named in the settings and the catalog, the cache's own first. */
export function listRegistries(own: string, targets: readonly Target[], catalog: string): string[] {
  const stored = [
    ...[...homesOf(targets, own).values()].map((registry) => ({ image: { registry } })),
    ...readCatalogFiles(catalog, 'builds', StoredBuild).values(),
    ...[...readRemoved(catalog).values()].flatMap(({ grace }) => grace?.build ?? []),
  ];
  return [...groupByRegistry(stored, own).keys()];
}
