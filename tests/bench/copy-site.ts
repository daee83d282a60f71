import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCatalog } from '../../scripts/catalog/catalog.ts';

/**
 * The minimum work of any program that makes a site from a catalog: reads and validates the catalog, and
 * writes the bytes of the site: `node copy-site.ts CATALOG_DIR SITE COPY`.
 */
const [catalogDirectory, from, to] = process.argv.slice(2);
if (catalogDirectory === undefined || from === undefined || to === undefined)
  throw new Error('expected a catalog, a site and a place for its copy');
const { builds } = readCatalog(catalogDirectory);
for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const target = join(to, path.slice(from.length));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, readFileSync(path));
}
console.error(`${builds.size} builds read`);
