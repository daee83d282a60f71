import { createHash } from 'node:crypto';
import { dagHashText } from '../../site/lib/node-text.ts';
import type { DagHash } from '../../site/schemas/digest.ts';

const BASE32_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Recomputes a node's DAG hash from its own text: lower-case base32 of the SHA-1 of the node without `hash`.
 * Of a spliced node only the first 25 characters hold: Spack puts the end of its build spec's hash behind them.
 * @param without keys, or `parameters.NAME`, that were not yet there when Spack hashed the node
 */
export function computeDagHash(nodeText: string, without: readonly string[] = []): DagHash {
  return base32(createHash('sha1').update(dagHashText(nodeText, without)).digest());
}

/** Lower-case base32 of 20 bytes: 32 characters, so no padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32_ALPHABET.charAt((value >> bits) & 31);
    }
    value &= (1 << bits) - 1;
  }
  return text;
}
