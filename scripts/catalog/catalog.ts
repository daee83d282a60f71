import { existsSync, readFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, dirname } from 'node:path';
import glob from 'fast-glob';
import type { z } from 'zod';
import {
  assembleCatalog,
  buildFile,
  catalogPath,
  CatalogFault,
  CATALOG_FILES,
  FROM_GIT,
  type Catalog,
  type CatalogEntry,
  type CatalogListener,
  type CatalogKind,
} from '../../site/lib/catalog/catalog-files.ts';
import { Build } from '../../site/schemas/build.ts';
import type { Node } from '../../site/schemas/node.ts';
import { readJson, replaceFile } from '../cli/files.ts';
import { parsePin } from '../../site/lib/catalog/kept-builds.ts';
import type { Pin } from '../../site/schemas/kept-builds.ts';

/** Reads a whole catalog from disk; a missing folder counts as empty. Throws like `assembleCatalog`. */
export function readCatalog(directory: string, listener?: CatalogListener): Catalog {
  const read = (kind: CatalogKind): CatalogEntry[] => readEntries(directory, kind);
  for (const path of findIgnored(directory)) {
    const fault = new CatalogFault(
      'misplaced',
      path,
      `${join(directory, path)}: a name that begins with a dot or does not end in .yaml: prune would remove the builds in it; ` +
        'rename it, or remove it',
    );
    if (!listener?.onFault) throw fault;
    listener.onFault(fault);
  }
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

/** Paths of files among pins and snapshots that are neither, such as `pins/thesis.yml`. */
function findIgnored(directory: string): string[] {
  return glob
    .sync(['pins/**', 'snapshots/**'], { cwd: directory, dot: true, ignore: ['**/README.md', '**/.git*'] })
    .filter((path) => !path.endsWith('.yaml') || path.includes('/.'))
    .sort();
}

/** Reads one build's record; undefined when the catalog has none. */
export function readBuild(
  directory: string,
  node: Pick<Node, 'name' | 'version' | 'hash'>,
): Build | undefined {
  return readCatalogFile(directory, buildFile(node), Build);
}

/**
 * Reads a JSON file of a catalog; undefined when it is missing. Throws, naming the file, when it is invalid.
 */
export function readCatalogFile<T>(directory: string, path: string, schema: z.ZodType<T>): T | undefined {
  const file = join(directory, path);
  return existsSync(file) ? readJson(file, schema, FROM_GIT) : undefined;
}

/** The files of one kind, sorted by the code units of their paths. */
export function readEntries(directory: string, kind: CatalogKind): CatalogEntry[] {
  return listEntries(directory, kind).map((id) => ({
    id,
    body: readFileSync(`${directory}/${catalogPath(kind, id)}`, 'utf8'),
  }));
}

/**
 * Reads the JSON files of one kind, keyed by their path below the catalog's folder. Throws like
 * `readCatalogFile`.
 * @param name only files in the folder of this package or environment
 */
export function readCatalogFiles<T>(
  directory: string,
  kind: CatalogKind,
  schema: z.ZodType<T>,
  name?: string,
): Map<string, T> {
  const paths = listEntries(directory, kind, name).map((id) => catalogPath(kind, id));
  return new Map(paths.map((path) => [path, readJson(join(directory, path), schema, FROM_GIT)]));
}

/**
 * The ids of the files of one kind, sorted by the code units of their paths.
 * @param name only files in this folder
 */
export function listEntries(directory: string, kind: CatalogKind, name = ''): string[] {
  const { folder, ending } = CATALOG_FILES[kind];
  return glob
    .sync(`${name === '' ? '**' : glob.escapePath(name)}/*${ending}`, {
      cwd: join(directory, folder),
      deep: folder === '' ? 1 : Infinity,
    })
    .sort()
    .map((path) => path.slice(0, -ending.length));
}

/**
 * Reads the owner's pins, by file name without its ending. Throws, naming file and line, when one is invalid.
 */
export function readPins(directory: string): Map<string, Pin> {
  return new Map(
    readEntries(directory, 'pins').map(({ id, body = '' }) => [id, parsePin(body, catalogPath('pins', id))]),
  );
}

/** A file for the catalog. */
export interface NewFile {
  /** Relative to the catalog's folder. */
  path: string;
  content: string;
  /** Whether to overwrite a file with different content; by default it stays. */
  replace?: boolean;
}

/**
 * Adds files to a catalog, in the given order, each completely or not at all. When one cannot be written, the
 * files that this call added are removed again.
 * @returns the paths that were written
 */
export function addFiles(directory: string, files: Iterable<NewFile>): string[] {
  const written: string[] = [];
  const added: string[] = [];
  try {
    for (const { path, content, replace } of files) {
      const target = join(directory, path);
      const isThere = existsSync(target);
      if (isThere && (!replace || readFileSync(target, 'utf8') === content)) continue;
      const addedFolder = mkdirSync(dirname(target), { recursive: true });
      if (addedFolder) added.push(addedFolder);
      if (!isThere) added.push(target);
      replaceFile(target, content);
      written.push(path);
    }
  } catch (cause) {
    for (const path of added) rmSync(path, { recursive: true, force: true });
    throw new Error(`${directory}: cannot add to the catalog; nothing was added, run it again`, { cause });
  }
  return written;
}
