import type { z } from 'zod';
import { Build } from '../../schemas/build.ts';
import { Cache } from '../../schemas/cache.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { fileStem, Node } from '../../schemas/node.ts';
import { parseJson } from '../json.ts';
import type { SpecNode } from '../spack/dag.ts';
import { addNode } from '../spack/database.ts';

/**
 * The files of a catalog: where each kind is, what must be in it, and what an error says. The scripts feed this from
 * disk, the site from its content collections.
 */

/** A file's id is its path below `folder` without `ending`: `zlib/zlib-1.3-<hash>`. */
export const CATALOG_FILES = {
  specs: { folder: 'specs', ending: '.spec.json' },
  builds: { folder: 'builds', ending: '.json' },
  manifests: { folder: 'manifests', ending: '.spec.manifest.json' },
  containers: { folder: 'containers', ending: '.json' },
  failures: { folder: 'failures', ending: '.json' },
  packages: { folder: 'packages', ending: '.json' },
  environments: { folder: 'environments', ending: '.yaml' },
  locks: { folder: 'environments', ending: '.lock.json' },
  keys: { folder: 'keys', ending: '.asc' },
  removed: { folder: 'removed', ending: '.json' },
  stats: { folder: 'stats', ending: '.json' },
  mirrors: { folder: 'mirrors', ending: '.yaml' },
  /** `cache.json` in the catalog's own folder. */
  cache: { folder: '', ending: '.json' },
} as const;
export type CatalogKind = keyof typeof CATALOG_FILES;

/** A file as it was read. `body` is its text, unchanged. */
export interface CatalogEntry {
  id: string;
  body?: string | undefined;
}

type Named = Pick<Node, 'name' | 'version' | 'hash'>;

/** Path of a file, relative to the catalog's folder. */
export function catalogPath(kind: CatalogKind, id: string): string {
  const { folder, ending } = CATALOG_FILES[kind];
  return `${folder === '' ? '' : `${folder}/`}${id}${ending}`;
}

/** `specs/<name>/<stem>.spec.json` */
export function specFile(node: Named): string {
  return catalogPath('specs', idOf(node));
}

/** `builds/<name>/<stem>.json` */
export function buildFile(node: Named): string {
  return catalogPath('builds', idOf(node));
}

/** `manifests/<name>/<stem>.spec.manifest.json` */
export function manifestFile(node: Named): string {
  return catalogPath('manifests', idOf(node));
}

function idOf(node: Named): string {
  return `${node.name}/${fileStem(node)}`;
}

/**
 * Parses a catalog's JSON file.
 * @param directory the catalog's folder as errors should name it; empty: only the path below it
 */
export function parseEntry<T>(
  kind: CatalogKind,
  { id, body = '' }: CatalogEntry,
  schema: z.ZodType<T>,
  directory = '',
): T {
  return parseJson(body, schema, {
    where: locate(directory, catalogPath(kind, id)),
    advice: 'restore the file from git',
  });
}

/** The core of a catalog: what both the mirror and the site are made of. */
export interface Catalog<Manifest = string> {
  builds: Map<DagHash, Build>;
  /** Every node of every DAG. */
  nodes: Map<DagHash, SpecNode>;
  /** Spec manifests. As texts: clear-signed or plain, as the mirror serves them. */
  manifests: Map<DagHash, Manifest>;
  /** Armored public keys by fingerprint. */
  keys: Map<string, string>;
  /** What each environment was concretized to, by name. */
  locks: Map<string, LockFile>;
  /** Root hashes of each environment that has been concretized. */
  environments: Map<string, DagHash[]>;
  /** Absent: nothing has been published from GitHub. */
  cache?: Cache;
}

/** The files that a catalog's core is made of, each list sorted by path. */
export interface CatalogSource<Manifest> extends Record<
  'specs' | 'builds' | 'keys' | 'locks' | 'cache',
  readonly CatalogEntry[]
> {
  manifests: readonly { id: string; data: Manifest }[];
}

/**
 * Parses each file once. Throws, naming the file, on one that does not fit its schema or is not named for its
 * content, and on a build without its node or manifest.
 */
export function assembleCatalog<Manifest>(
  source: CatalogSource<Manifest>,
  directory = '',
): Catalog<Manifest> {
  const nodes = new Map<DagHash, SpecNode>();
  for (const entry of source.specs) {
    const node = parseEntry('specs', entry, Node, directory);
    expectPath(directory, catalogPath('specs', entry.id), specFile(node));
    addNode(nodes, { node, text: (entry.body ?? '').trimEnd() });
  }
  const byId = new Map(source.manifests.map(({ id, data }) => [id, data]));
  const builds = new Map<DagHash, Build>();
  const manifests = new Map<DagHash, Manifest>();
  for (const entry of source.builds) {
    const build = parseEntry('builds', entry, Build, directory);
    const path = catalogPath('builds', entry.id);
    expectPath(directory, path, buildFile(build));
    const manifest = byId.get(idOf(build));
    if (!nodes.has(build.hash)) throw incomplete(directory, path, specFile(build));
    if (manifest === undefined) throw incomplete(directory, path, manifestFile(build));
    builds.set(build.hash, build);
    manifests.set(build.hash, manifest);
  }
  const locks = new Map(
    source.locks.map((entry) => [entry.id, parseEntry('locks', entry, LockFile, directory)]),
  );
  const [cache] = source.cache.map((entry) => parseEntry('cache', entry, Cache, directory));
  return {
    builds,
    nodes,
    manifests,
    keys: new Map(source.keys.map(({ id, body = '' }) => [id, body])),
    locks,
    environments: new Map([...locks].map(([name, { roots }]) => [name, roots.map(({ hash }) => hash)])),
    ...(cache ? { cache } : {}),
  };
}

function expectPath(directory: string, actual: string, expected: string): void {
  if (actual === expected) return;
  throw new Error(`${locate(directory, actual)}: its content belongs in ${expected}; rename or remove it`);
}

function incomplete(directory: string, path: string, missing: string): Error {
  return new Error(`${locate(directory, path)}: the catalog lacks ${missing}; restore that file from git`);
}

function locate(directory: string, path: string): string {
  return directory === '' ? path : `${directory.replace(/\/$/, '')}/${path}`;
}
