import { createHash } from 'node:crypto';
import { base32 } from '../../site/lib/dag-hash.ts';
import { dagHashText } from '../../site/lib/node-text.ts';
import type { DagHash } from '../../site/schemas/digest.ts';

/**
 * Recomputes a node's DAG hash from its own text: lower-case base32 of the SHA-1 of the node without `hash`.
 * Of a spliced node only the first 25 characters hold: Spack puts the end of its build spec's hash behind them.
 * @param without keys, or `parameters.NAME`, that were not yet there when Spack hashed the node
 */
export function computeDagHash(nodeText: string, without: readonly string[] = []): DagHash {
  return base32(createHash('sha1').update(dagHashText(nodeText, without)).digest());
}
