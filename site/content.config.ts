import { defineCollection } from 'astro:content';
import { z } from 'zod';
import { catalogLoader, manifestLoader } from './lib/catalog/catalog-loader.ts';

/** The catalog: texts of files, which `lib/catalog/catalog-files.ts` describes and parses. */
export const collections = {
  specs: defineCollection({ loader: catalogLoader('specs') }),
  builds: defineCollection({ loader: catalogLoader('builds') }),
  manifests: defineCollection({ loader: manifestLoader(), schema: z.object({ signed: z.boolean() }) }),
  containers: defineCollection({ loader: catalogLoader('containers') }),
  failures: defineCollection({ loader: catalogLoader('failures') }),
  packages: defineCollection({ loader: catalogLoader('packages') }),
  environments: defineCollection({ loader: catalogLoader('environments') }),
  locks: defineCollection({ loader: catalogLoader('locks') }),
  keys: defineCollection({ loader: catalogLoader('keys') }),
  removed: defineCollection({ loader: catalogLoader('removed') }),
  stats: defineCollection({ loader: catalogLoader('stats') }),
  mirrors: defineCollection({ loader: catalogLoader('mirrors') }),
  snapshots: defineCollection({ loader: catalogLoader('snapshots') }),
  checks: defineCollection({ loader: catalogLoader('checks') }),
  cache: defineCollection({ loader: catalogLoader('cache') }),
};
