import type { DagHash } from '../../schemas/digest.ts';
import { EMPTY_DATABASE_BYTES, nodeOf, RECORD_BYTES } from '../spack/database.ts';
import type { SpecNode } from '../spack/dag.ts';

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

  function enter(hash: DagHash, dependent: DagHash, added: DagHash[]): void {
    if (visited.has(hash)) return;
    size.bytes += nodeOf(hash, dependent, nodes).text.length + RECORD_BYTES;
    visited.add(hash);
    added.push(hash);
  }

  const size: IndexSize = {
    bytes: EMPTY_DATABASE_BYTES,
    add(root) {
      // Follows only nodes that are new: most of a DAG is there already.
      const added: DagHash[] = [];
      enter(root, root, added);
      for (const hash of added) {
        for (const dependency of nodeOf(hash, hash, nodes).node.dependencies)
          enter(dependency.hash, hash, added);
      }
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
