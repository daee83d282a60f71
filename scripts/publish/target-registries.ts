import { z } from 'zod';
import { groupByRegistry, isLocal } from '../../site/lib/registry-address.ts';
import { Image } from '../../site/schemas/build.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { readCatalogFiles } from '../catalog/catalog.ts';
import { readRemoved } from '../catalog/removal.ts';

/**
 * The registries of targets that have one of their own, by the target's name. Where the cache's own is a folder, as in a dry
 * run, that takes all.
 */
export function homesOf(targets: readonly Target[], own: string): Map<string, string> {
  if (isLocal(own)) return new Map();
  return new Map(targets.flatMap(({ name, registry }) => (registry === undefined ? [] : [[name, registry]])));
}

const StoredBuild = z.object({ image: z.object({ registry: Image.shape.registry }) });

/** All registries that settings and catalog name, the cache's own first. */
export function listRegistries(own: string, targets: readonly Target[], catalog: string): string[] {
  const stored = [
    ...[...homesOf(targets, own).values()].map((registry) => ({ image: { registry } })),
    ...readCatalogFiles(catalog, 'builds', StoredBuild).values(),
    ...[...readRemoved(catalog).values()].flatMap(({ grace }) => grace?.build ?? []),
  ];
  return [...groupByRegistry(stored, own).keys()];
}
