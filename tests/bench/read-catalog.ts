import { readCatalog } from '../../scripts/catalog/catalog.ts';

/** Only reads a whole catalog: `node read-catalog.ts CATALOG_DIR`. */
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('expected a catalog');
readCatalog(directory);
