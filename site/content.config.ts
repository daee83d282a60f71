import { defineCollection } from 'astro:content';
import { z } from 'zod';
import { catalogLoader, manifestLoader } from './lib/catalog/catalog-loader.ts';
import { Build } from './schemas/build.ts';
import { Cache } from './schemas/cache.ts';
import { Container } from './schemas/container.ts';
import { Failure } from './schemas/failure.ts';
import { LockFile } from './schemas/lock-file.ts';
import { MonthlyStats } from './schemas/monthly-stats.ts';
import { Node } from './schemas/node.ts';
import { Package } from './schemas/package.ts';
import { Removed } from './schemas/removed.ts';

/** The catalog. Every entry's text is checked here, and parsed where it is shaped (`lib/catalog/catalog.ts`). */
export const collections = {
  specs: defineCollection({ loader: catalogLoader({ folder: 'specs', ending: '.spec.json', schema: Node }) }),
  builds: defineCollection({ loader: catalogLoader({ folder: 'builds', ending: '.json', schema: Build }) }),
  manifests: defineCollection({ loader: manifestLoader(), schema: z.object({ signed: z.boolean() }) }),
  containers: defineCollection({
    loader: catalogLoader({ folder: 'containers', ending: '.json', schema: Container }),
  }),
  failures: defineCollection({
    loader: catalogLoader({ folder: 'failures', ending: '.json', schema: Failure }),
  }),
  packages: defineCollection({
    loader: catalogLoader({ folder: 'packages', ending: '.json', schema: Package }),
  }),
  environments: defineCollection({ loader: catalogLoader({ folder: 'environments', ending: '.yaml' }) }),
  locks: defineCollection({
    loader: catalogLoader({ folder: 'environments', ending: '.lock.json', schema: LockFile }),
  }),
  keys: defineCollection({ loader: catalogLoader({ folder: 'keys', ending: '.asc' }) }),
  removed: defineCollection({
    loader: catalogLoader({ folder: 'removed', ending: '.json', schema: Removed }),
  }),
  stats: defineCollection({
    loader: catalogLoader({ folder: 'stats', ending: '.json', schema: MonthlyStats }),
  }),
  mirrors: defineCollection({ loader: catalogLoader({ folder: 'mirrors', ending: '.yaml' }) }),
  cache: defineCollection({
    loader: catalogLoader({ folder: '', ending: '.json', schema: Cache }),
  }),
};
