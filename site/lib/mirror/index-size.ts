import type { DagHash } from '../../schemas/digest.ts';
import { EMPTY_DATABASE_BYTES, nodeOf, RECORD_BYTES } from '../spack/database.ts';
import { dependencyHashes, walk, type SpecNode } from '../spack/dag.ts';

/**
 * Size of an index, computed from its nodes' texts without
 * writing it. It is a few bytes per record too large.
 */
export interface IndexSize {
  /** Bytes of the index so far. */
  bytes: number;
  /** Adds a root with its whole DAG and returns the hashes of the nodes that are new. */
  add(root: DagHash): DagHash[];
  /** Removes what `add` returned. */
  remove(added: readonly DagHash[]): void;
}

/** An empty index, whose size grows with each root. */
export function createIndexSize(nodes: ReadonlyMap<DagHash, SpecNode>): IndexSize {
  const visited = new Set<DagHash>();

  const size: IndexSize = {
    bytes: EMPTY_DATABASE_BYTES,
    add(root) {
      const added: DagHash[] = [];
      walk([root], (hash, dependent = hash) => {
        if (visited.has(hash)) return [];
        const { node, text } = nodeOf(hash, dependent, nodes);
        visited.add(hash);
        added.push(hash);
        size.bytes += text.length + RECORD_BYTES;
        return dependencyHashes(node);
      });
      return added;
    },
    remove(added) {
      for (const hash of added) {
        visited.delete(hash);
        size.bytes -= nodeOf(hash, hash, nodes).text.length + RECORD_BYTES;
      }
    },
  };
  return size;
}

/** Size in bytes of an index of these builds. */
export function sizeOfIndex(roots: readonly DagHash[], nodes: ReadonlyMap<DagHash, SpecNode>): number {
  const size = createIndexSize(nodes);
  for (const root of roots) size.add(root);
  return size.bytes;
}

/** Size in bytes of several indexes. Equal ones are one blob. */
export function sizeOfIndexes(
  indexes: Iterable<readonly DagHash[]>,
  nodes: ReadonlyMap<DagHash, SpecNode>,
): number {
  const distinct = new Map([...indexes].map((roots) => [roots.join(), roots]));
  return [...distinct.values()].reduce((sum, roots) => sum + sizeOfIndex(roots, nodes), 0);
}
