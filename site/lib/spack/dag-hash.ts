import type { DagHash } from '../../schemas/digest.ts';
import type { Node } from '../../schemas/node.ts';

const BASE32_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Characters at the end of a spliced node's hash that are its build spec's. */
const BUILD_SPEC_SUFFIX = 7;

const COMMIT = /^[0-9a-f]{40}$/;

/** Lower-case base32 of a SHA-1's 20 bytes: 32 characters, so no padding. */
export function base32(bytes: Uint8Array): string {
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

/**
 * What Spack may have left out when it hashed a node, the usual first: for each case the keys of the node, or
 * `parameters.NAME`, as `dagHashText` takes them. A node is what its hash says when one of them fits.
 */
export function hashRules(node: Node): string[][] {
  return [
    [],
    // Spack 1.0 hashed a node of a git version before it had looked up the commit.
    ...(COMMIT.test(String(node.parameters['commit'])) ? [['parameters.commit']] : []),
    // Spack 1.1 hashed externals before they had their namespace.
    ...(node.external === undefined ? [] : [['namespace']]),
  ];
}

/** A recomputed hash as the node bears it: of a spliced node the end is that of the hash it was built as. */
export function withSuffix({ build_spec: built }: Node, hash: DagHash): DagHash {
  return built ? hash.slice(0, -BUILD_SPEC_SUFFIX) + built.hash.slice(-BUILD_SPEC_SUFFIX) : hash;
}
