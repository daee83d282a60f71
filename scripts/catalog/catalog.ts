import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import glob from 'fast-glob';
import {
  assembleCatalog,
  buildFile,
  catalogPath,
  CATALOG_FILES,
} from '../../site/lib/catalog/catalog-files.ts';
import type {
  Catalog,
  CatalogEntry,
  CatalogListener,
  CatalogKind,
} from '../../site/lib/catalog/catalog-files.ts';
import { Build } from '../../site/schemas/build.ts';
import type { Node } from '../../site/schemas/node.ts';
import { readJson } from '../cli/files.ts';

/**
 * Reads a whole catalog from disk; a missing folder is empty. Throws as `assembleCatalog` does.
 */
export function readCatalog(directory: string, listener?: CatalogListener): Catalog {
  const read = (kind: CatalogKind): CatalogEntry[] => readEntries(directory, kind);
  return assembleCatalog(
    {
      specs: read('specs'),
      builds: read('builds'),
      manifests: read('manifests').map(({ id, body = '' }) => ({ id, data: body })),
      keys: read('keys'),
      locks: read('locks'),
      snapshots: read('snapshots'),
      cache: read('cache'),
    },
    directory,
    listener,
  );
}

/** Reads one build's record; undefined where the catalog has none. */
export function readBuild(
  directory: string,
  node: Pick<Node, 'name' | 'version' | 'hash'>,
): Build | undefined {
  const path = join(directory, buildFile(node));
  return existsSync(path) ? readJson(path, Build, { advice: 'restore the file from git' }) : undefined;
}

/** The files of one kind in the order of their paths' code units. */
export function readEntries(directory: string, kind: CatalogKind): CatalogEntry[] {
  return listEntries(directory, kind).map((id) => ({
    id,
    body: readFileSync(`${directory}/${catalogPath(kind, id)}`, 'utf8'),
  }));
}

/** The ids of the files of one kind, in the order of their paths' code units. */
export function listEntries(directory: string, kind: CatalogKind): string[] {
  const { folder, ending } = CATALOG_FILES[kind];
  return glob
    .sync(`**/*${ending}`, { cwd: join(directory, folder), deep: folder === '' ? 1 : Infinity })
    .sort()
    .map((path) => path.slice(0, -ending.length));
}
