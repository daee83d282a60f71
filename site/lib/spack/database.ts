import type { DagHash } from '../../schemas/digest.ts';
import { dependencyHashes, type SpecNode } from './dag.ts';

/**
 * Bytes of a record besides its node's text, with a reference count of up to seven digits. The size of an
 * index can be computed from its nodes' texts without writing it.
 */
export const RECORD_BYTES = 87;

/** Size of an index without records, in bytes. */
export const EMPTY_DATABASE_BYTES = databaseText([], new Map()).length;

/**
 * Text of a build cache's index (Spack's database, version 8), as written by `spack buildcache update-index`
 * when it reads the manifests of these roots in this order: every node of every DAG, dependencies first,
 * in the order of the nodes' own `dependencies`. Only the roots are marked as having a binary.
 *
 * The `build_spec` of a spliced node is left out, as in Spack's own index.
 * Throws if a node is missing: Spack could not read any part of such an index.
 */
export function databaseText(roots: readonly DagHash[], nodes: ReadonlyMap<DagHash, SpecNode>): string {
  const listed = new Set(roots);
  const records = collectRecords(roots, nodes).map(
    ({ hash, text, dependents }) =>
      `"${hash}":{"spec":${text},"ref_count":${dependents},"in_buildcache":${listed.has(hash)}}`,
  );
  return `{"database":{"version":"8","installs":{${records.join(',')}}}}`;
}

interface Record {
  hash: DagHash;
  text: string;
  /** Number of nodes in this index that depend on it, by any type of edge. */
  dependents: number;
}

function collectRecords(roots: readonly DagHash[], nodes: ReadonlyMap<DagHash, SpecNode>): Record[] {
  const records: Record[] = [];
  const visited = new Map<DagHash, Record>();

  function visit(hash: DagHash, dependent: DagHash): Record {
    const earlier = visited.get(hash);
    if (earlier) return earlier;
    const { node, text } = nodeOf(hash, dependent, nodes);
    const record = { hash, text, dependents: 0 };
    visited.set(hash, record);
    for (const dependency of dependencyHashes(node)) visit(dependency, hash).dependents += 1;
    records.push(record);
    return record;
  }

  for (const root of roots) visit(root, root);
  return records;
}

/** A node by its hash. Throws an error that names its dependent if it is missing. */
export function nodeOf(hash: DagHash, dependent: DagHash, nodes: ReadonlyMap<DagHash, SpecNode>): SpecNode {
  const node = nodes.get(hash);
  if (node) return node;
  const parent = nodes.get(dependent)?.node;
  const needed = parent?.dependencies.find((dependency) => dependency.hash === hash);
  throw new Error(
    parent
      ? `the node ${needed?.name ?? ''}/${hash} is missing, which ${parent.name}@${parent.version}/${dependent} ` +
          'depends on: no Spack could read an index without it; restore its file in specs/, or publish the build again'
      : `the node of build ${hash} is missing: restore its file in specs/, or remove its file from builds/`,
  );
}

/**
 * Adds a node under its hash. If two nodes have the same hash, one that Spack built takes precedence over an
 * external, whose hash may be unproved; otherwise the first one does.
 */
export function addNode<T extends SpecNode>(nodes: Map<DagHash, T>, added: T): void {
  const earlier = nodes.get(added.node.hash);
  if (!earlier || (earlier.node.external && !added.node.external)) nodes.set(added.node.hash, added);
}
