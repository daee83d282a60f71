import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ZodType } from 'zod';
import { z } from 'zod';
import { addNode } from '../../site/lib/spack/database.ts';
import { Build } from '../../site/schemas/build.ts';
import { Cache } from '../../site/schemas/cache.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { Node } from '../../site/schemas/node.ts';
import { buildPath, manifestPath, specPath } from './paths.ts';

/** A node and its own text: exactly what Spack wrote, compact, without a final newline. */
export interface CatalogNode {
  node: Node;
  text: string;
}

/** What the scripts need of a catalog, read at once. */
export interface Catalog {
  builds: Map<DagHash, Build>;
  nodes: Map<DagHash, CatalogNode>;
  /** Texts of the spec manifests, clear-signed or plain, as the mirror serves them. */
  manifests: Map<DagHash, string>;
  /** Armored public keys by fingerprint. */
  keys: Map<string, string>;
  /** Root hashes of each environment that has been concretized. */
  environments: Map<string, DagHash[]>;
  cache?: Cache;
}

/**
 * Reads a whole catalog, sorted by path; a folder that is not there is empty.
 * Throws, naming the file, on a file that does not fit its schema or is not named for what is in it,
 * and on a build without its node or manifest.
 */
export function readCatalog(directory: string): Catalog {
  const nodes = new Map<DagHash, CatalogNode>();
  for (const path of list(directory, 'specs', '.spec.json')) {
    const text = readFileSync(join(directory, path), 'utf8').trimEnd();
    const node = parseFile(join(directory, path), text, Node);
    expectPath(directory, path, specPath(node));
    addNode(nodes, { node, text });
  }
  const builds = new Map<DagHash, Build>();
  const manifests = new Map<DagHash, string>();
  for (const path of list(directory, 'builds', '.json')) {
    const build = readJson(join(directory, path), Build);
    expectPath(directory, path, buildPath(build));
    if (!nodes.has(build.hash)) throw incomplete(directory, path, specPath(build));
    builds.set(build.hash, build);
    manifests.set(build.hash, readManifest(directory, path, build));
  }
  const keys = new Map<string, string>();
  for (const path of list(directory, 'keys', '.asc')) {
    keys.set(basename(path, '.asc'), readFileSync(join(directory, path), 'utf8'));
  }
  const environments = new Map<string, DagHash[]>();
  for (const path of list(directory, 'environments', '.lock.json')) {
    const lock = readJson(join(directory, path), LockFile);
    environments.set(
      basename(path, '.lock.json'),
      lock.roots.map(({ hash }) => hash),
    );
  }
  const cacheFile = join(directory, 'cache.json');
  const cache = existsSync(cacheFile) ? { cache: readJson(cacheFile, Cache) } : {};
  return { builds, nodes, manifests, keys, environments, ...cache };
}

/** Reads one build's record; undefined where the catalog has none. */
export function readBuild(
  directory: string,
  node: Pick<Node, 'name' | 'version' | 'hash'>,
): Build | undefined {
  const path = join(directory, buildPath(node));
  return existsSync(path) ? readJson(path, Build) : undefined;
}

/** Files below a folder of the catalog, relative to the catalog, in the order of their code units. */
function list(directory: string, folder: string, ending: string): string[] {
  const root = join(directory, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending) && !basename(path).startsWith('.'))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .sort();
}

function readManifest(directory: string, buildFile: string, build: Build): string {
  const path = manifestPath(build);
  if (!existsSync(join(directory, path))) throw incomplete(directory, buildFile, path);
  return readFileSync(join(directory, path), 'utf8');
}

function readJson<T>(path: string, schema: ZodType<T>): T {
  return parseFile(path, readFileSync(path, 'utf8'), schema);
}

function parseFile<T>(path: string, text: string, schema: ZodType<T>): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path}: expected JSON; restore the file from git`, { cause });
  }
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new Error(`${path}: ${z.prettifyError(result.error)}; restore the file from git`);
}

function expectPath(directory: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new Error(`${join(directory, found)}: what is in it belongs into ${expected}; rename or remove it`);
}

function incomplete(directory: string, buildFile: string, missing: string): Error {
  return new Error(`${join(directory, buildFile)}: the catalog lacks ${missing}; restore that file from git`);
}
