import { writeFileSync } from 'node:fs';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { databaseText } from '../../site/lib/spack/database.ts';

/** Writes the index of a whole catalog to a file: `node write-index.ts CATALOG_DIR FILE`. */
const [catalogDirectory, file] = process.argv.slice(2);
if (catalogDirectory === undefined || file === undefined) throw new Error('expected a catalog and a file');
const { builds, nodes } = readCatalog(catalogDirectory);
writeFileSync(file, databaseText([...builds.keys()], nodes));
