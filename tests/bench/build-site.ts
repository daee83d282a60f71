import { resolve } from 'node:path';
import { build } from 'astro';

/** Builds the site of CATALOG_DIR without touching the checkout: `node build-site.ts DIST CACHE_DIR`. */
const [outDir, cacheDir] = process.argv.slice(2);
if (outDir === undefined || cacheDir === undefined)
  throw new Error('expected a folder for the site and one for caches');
await build({ root: resolve(import.meta.dirname, '../..'), outDir, cacheDir, logLevel: 'warn' });
