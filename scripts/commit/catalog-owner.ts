import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Cache } from '../../site/schemas/cache.ts';
import { listNames } from '../cli/files.ts';
import { readCatalogFile } from '../catalog/catalog.ts';

/** What the owner writes; everything else of a catalog is made by workflows. */
const OWN = /^(environments|\.[^/]*)$/;

/** Reads whose entries a catalog holds; undefined before the first publish. */
export function readCache(catalogDirectory: string): Cache | undefined {
  return readCatalogFile(catalogDirectory, 'cache.json', Cache);
}

/** Empties a catalog but for what its owner wrote: the stacks of environments stay, what was solved of them goes. */
export function forgetCatalog(catalogDirectory: string): void {
  for (const name of readdirSync(catalogDirectory)) {
    if (!OWN.test(name)) rmSync(join(catalogDirectory, name), { recursive: true });
  }
  const environments = join(catalogDirectory, 'environments');
  for (const name of listNames(environments)) {
    if (name.endsWith('.json')) rmSync(join(environments, name));
  }
}
