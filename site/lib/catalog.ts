import { getCollection } from 'astro:content';
import { parseSettings } from '../schemas/settings.ts';
import { shapeCatalog } from './shape-catalog.ts';
import type { SiteCatalog } from './shape-catalog.ts';

let catalog: Promise<SiteCatalog> | undefined;

/** The catalog as pages and API need it: read and shaped once, at the first call. */
export function loadCatalog(): Promise<SiteCatalog> {
  catalog ??= readCatalog();
  return catalog;
}

async function readCatalog(): Promise<SiteCatalog> {
  const settings = parseSettings(process.env);
  const [specs, builds, manifests, packages, keys, locks, cache] = await Promise.all([
    getCollection('specs'),
    getCollection('builds'),
    getCollection('manifests'),
    getCollection('packages'),
    getCollection('keys'),
    getCollection('locks'),
    getCollection('cache'),
  ]);
  return shapeCatalog({ specs, builds, manifests, packages, keys, locks, cache }, settings);
}
