import { z } from 'zod';
import { Build } from '../../schemas/build.ts';
import { Cache } from '../../schemas/cache.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { fileStem, Node } from '../../schemas/node.ts';
import { parseJson } from '../json.ts';
import type { SpecNode } from '../spack/dag.ts';
import { addNode } from '../spack/database.ts';
import { viewName } from '../spack/view-name.ts';
import { parseSnapshot } from './kept-builds.ts';

/**
 * The files of a catalog: the place of each kind, its schema, and its errors. Scripts read the files from
 * disk, the site from its content collections.
 */

/** Advice in errors about an invalid file, which somebody must have changed by hand. */
export const FROM_GIT = { advice: 'restore the file from git' };

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
  /** Recipes that locks were solved with, and newer locks that are not built yet. */
  solved: { folder: 'environments', ending: '.solved.json' },
  keys: { folder: 'keys', ending: '.asc' },
  removed: { folder: 'removed', ending: '.json' },
  stats: { folder: 'stats', ending: '.json' },
  mirrors: { folder: 'mirrors', ending: '.yaml' },
  snapshots: { folder: 'snapshots', ending: '.yaml' },
  /** Builds that the owner protects from `prune`. */
  pins: { folder: 'pins', ending: '.yaml' },
  /** Results of the last runs of doctor, challenge and refresh. */
  checks: { folder: 'checks', ending: '.json' },
  /** `cache.json` in the catalog's own folder. */
  cache: { folder: '', ending: '.json' },
} as const;
export type CatalogKind = keyof typeof CATALOG_FILES;
export const CATALOG_KINDS = Object.keys(CATALOG_FILES) as CatalogKind[];

/** A file. `body` is its unchanged text. */
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
 * @param directory the catalog's folder for errors. Empty: they only have the path below it
 */
export function parseEntry<T>(
  kind: CatalogKind,
  { id, body = '' }: CatalogEntry,
  schema: z.ZodType<T>,
  directory = '',
): T {
  return parseJson(body, schema, {
    where: locate(directory, catalogPath(kind, id)),
    ...FROM_GIT,
  });
}

/** The core of a catalog, needed by both the mirror and the site. */
export interface Catalog<Manifest = string> {
  builds: Map<DagHash, Build>;
  /** Every node of every DAG. */
  nodes: Map<DagHash, SpecNode>;
  /** Spec manifests; as texts, clear-signed or plain, as the mirror serves them. */
  manifests: Map<DagHash, Manifest>;
  /** Armored public keys, keyed by fingerprint. */
  keys: Map<string, string>;
  /** Locks of concretized environments, keyed by name. */
  locks: Map<string, LockFile>;
  /** Root hashes of each environment that has been concretized. */
  environments: Map<string, DagHash[]>;
  /** Hashes of each snapshot, keyed by name. */
  snapshots: Map<string, DagHash[]>;
  /** Absent: nothing has been published from GitHub. */
  cache?: Cache;
}

/** Files of a catalog's core, each list sorted by path. */
export interface CatalogSource<Manifest> extends Record<
  'specs' | 'builds' | 'keys' | 'locks' | 'snapshots' | 'cache',
  readonly CatalogEntry[]
> {
  manifests: readonly { id: string; data: Manifest }[];
}

/** A fault in one file of a catalog. The message names the file. */
export class CatalogFault extends Error {
  readonly kind: 'unreadable' | 'misplaced' | 'node-missing' | 'manifest-missing';
  /** Path relative to the catalog's folder. */
  readonly path: string;

  constructor(kind: CatalogFault['kind'], path: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.kind = kind;
    this.path = path;
  }
}

/** Callbacks for reading a catalog. */
export interface CatalogListener {
  /** Called for each faulty file. With this callback, such files are left out instead of throwing. */
  onFault?: (fault: CatalogFault) => void;
  /** Reads a node from its parsed text instead of the schema. Undefined: leaves it to the schema. */
  readNode?: (entry: Pick<SpecNode, 'text'>, value: unknown) => Node | undefined;
  /** Called with the path of each manifest without a build, which is not a fault for readers of builds. */
  onOrphan?: (path: string) => void;
}

/**
 * Parses each file once. Throws, with the name of the file, if a file does not fit its schema, is not named
 * after its content, or is a build without its node or manifest.
 */
export function assembleCatalog<Manifest>(
  source: CatalogSource<Manifest>,
  directory = '',
  listener: CatalogListener = {},
): Catalog<Manifest> {
  const reader = new CatalogReader(directory, listener);
  const nodes = reader.readNodes(source.specs);
  const builds = reader.readBuilds(source, nodes);
  const locks = new Map(
    source.locks.flatMap((entry) => {
      const lock = reader.parse('locks', entry, LockFile);
      return lock ? [[entry.id, lock] as const] : [];
    }),
  );
  const snapshots = reader.readSnapshots(source.snapshots);
  const [cache] = source.cache.flatMap((entry) => reader.parse('cache', entry, Cache) ?? []);
  return {
    ...builds,
    nodes,
    keys: new Map(source.keys.map(({ id, body = '' }) => [id, body])),
    locks,
    environments: new Map([...locks].map(([name, { roots }]) => [name, roots.map(({ hash }) => hash)])),
    snapshots,
    ...(cache ? { cache } : {}),
  };
}

/** Reads files of a catalog, reports faulty ones and leaves them out. */
class CatalogReader {
  readonly #directory: string;
  readonly #listener: CatalogListener;

  constructor(directory: string, listener: CatalogListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  parse<T>(kind: CatalogKind, entry: CatalogEntry, schema: z.ZodType<T>): T | undefined {
    return this.#attempt(kind, entry, () => parseEntry(kind, entry, schema, this.#directory));
  }

  readNodes(entries: readonly CatalogEntry[]): Map<DagHash, SpecNode> {
    const { readNode } = this.#listener;
    const nodes = new Map<DagHash, SpecNode>();
    for (const entry of entries) {
      const text = { text: (entry.body ?? '').trimEnd() };
      const value = readNode && this.parse('specs', entry, z.unknown());
      if (readNode && value === undefined) continue;
      const node = readNode?.(text, value) ?? this.parse('specs', entry, Node);
      if (!node || !this.#isInPlace(catalogPath('specs', entry.id), specFile(node))) continue;
      // Other code caches results about a text under this object.
      addNode(nodes, Object.assign(text, { node }));
    }
    return nodes;
  }

  readBuilds<Manifest>(
    source: Pick<CatalogSource<Manifest>, 'builds' | 'manifests'>,
    nodes: ReadonlyMap<DagHash, SpecNode>,
  ): Pick<Catalog<Manifest>, 'builds' | 'manifests'> {
    const byId = new Map(source.manifests.map(({ id, data }) => [id, data]));
    const builds = new Map<DagHash, Build>();
    const manifests = new Map<DagHash, Manifest>();
    for (const entry of source.builds) {
      const build = this.parse('builds', entry, Build);
      const path = catalogPath('builds', entry.id);
      if (!build || !this.#isInPlace(path, buildFile(build))) continue;
      if (!this.#isThere('node-missing', nodes.get(build.hash), path, specFile(build))) continue;
      const manifest = byId.get(entry.id);
      this.#isThere('manifest-missing', manifest, path, manifestFile(build));
      builds.set(build.hash, build);
      byId.delete(entry.id);
      if (manifest !== undefined) manifests.set(build.hash, manifest);
    }
    for (const id of byId.keys()) this.#listener.onOrphan?.(catalogPath('manifests', id));
    return { builds, manifests };
  }

  readSnapshots(entries: readonly CatalogEntry[]): Catalog['snapshots'] {
    return new Map(
      entries.flatMap((entry) => {
        const where = locate(this.#directory, catalogPath('snapshots', entry.id));
        const snapshot = this.#attempt('snapshots', entry, () => {
          expectViewName(entry.id, where);
          return parseSnapshot(entry.body ?? '', where);
        });
        return snapshot ? [[entry.id, snapshot.hashes] as const] : [];
      }),
    );
  }

  #attempt<T>(kind: CatalogKind, { id }: CatalogEntry, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#report(new CatalogFault('unreadable', catalogPath(kind, id), message, error));
      return undefined;
    }
  }

  #isInPlace(found: string, expected: string): boolean {
    if (found === expected) return true;
    const message = `${locate(this.#directory, found)}: its content belongs in ${expected}; rename or remove it`;
    this.#report(new CatalogFault('misplaced', found, message));
    return false;
  }

  #isThere(kind: CatalogFault['kind'], value: unknown, path: string, missing: string): boolean {
    if (value !== undefined) return true;
    const where = locate(this.#directory, path);
    const message = `${where}: the catalog lacks ${missing}; restore that file from git`;
    this.#report(new CatalogFault(kind, missing, message));
    return false;
  }

  #report(fault: CatalogFault): void {
    if (!this.#listener.onFault) throw fault;
    this.#listener.onFault(fault);
  }
}

function locate(directory: string, path: string): string {
  return directory === '' ? path : `${directory.replace(/\/$/, '')}/${path}`;
}

/** Throws if the name would have to be changed for a view: two snapshots could get the same view. */
function expectViewName(name: string, where: string): void {
  if (viewName('snapshot', name) === `snapshot-${name}`) return;
  throw new Error(
    `${where}: expected a name of at most 100 letters, digits, ".", "-" and single "_", found another; rename the file`,
  );
}
