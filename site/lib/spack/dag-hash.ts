import type { DagHash } from '../../schemas/digest.ts';
import type { Node } from '../../schemas/node.ts';
import type { SpecNode } from './dag.ts';
import { dagHashText, joinObject, splitObject } from './node-text.ts';
import { oldHashTexts, SPEC_FILE_VERSION } from './old-spec-file.ts';

const BASE32_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Characters at the end of a spliced node's hash that are of what it was built as. */
const BUILD_SPEC_SUFFIX = 7;

/** Spack 1.0 renamed this repository of its tests in the nodes that it had, whose hashes stayed. */
const FORMER_NAMESPACES = new Map([['builtin_mock', 'builtin.mock']]);

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

/** A text that Spack may have hashed. */
export interface HashedText {
  text: string;
  /** Whether it covers all that the node says: then nobody can have changed the node. */
  isWhole: boolean;
}

/**
 * The texts whose SHA-1 may be a node's DAG hash, by the rules of each Spack, the likeliest first. A node is what its
 * hash says when one of them fits.
 */
export function* hashTexts(entry: SpecNode): Generator<HashedText> {
  const { node, text: nodeText } = entry;
  yield* hashTextsAsNamed(entry);
  const namespace = FORMER_NAMESPACES.get(node.namespace ?? '');
  if (namespace === undefined) return;
  const members = splitObject(nodeText).set('namespace', JSON.stringify(namespace));
  for (const { text } of hashTextsAsNamed({ node, text: joinObject([...members]) }))
    yield { text, isWhole: false };
}

function* hashTextsAsNamed(entry: SpecNode): Generator<HashedText> {
  const { node, text: nodeText } = entry;
  const version = node.annotations?.original_specfile_version ?? SPEC_FILE_VERSION;
  if (version < SPEC_FILE_VERSION) yield* oldHashTexts(nodeText, version);
  for (const without of hashRules(node))
    yield { text: dagHashText(entry, without), isWhole: without.length === 0 };
}

/** What Spack may have left out when it hashed a node: keys of the node, or `parameters.NAME`. */
function hashRules(node: Node): string[][] {
  return [
    [],
    // Spack 1.0 hashed a node of a git version before it had looked up the commit.
    ...(COMMIT.test(String(node.parameters['commit'])) ? [['parameters.commit']] : []),
    // Spack 1.1 hashed externals before they had their namespace.
    ...(node.external === undefined ? [] : [['namespace']]),
  ];
}

/**
 * A recomputed hash as the node bears it. The end of a spliced node's is no proof: Spack puts a hash of its build spec
 * there, made again, which is another than that build spec's own two levels above a splice. What comes before covers the
 * whole node, with the name and the hash of its build spec.
 */
export function withSuffix({ build_spec: built, hash: own }: Node, hash: DagHash): DagHash {
  return built ? hash.slice(0, -BUILD_SPEC_SUFFIX) + own.slice(-BUILD_SPEC_SUFFIX) : hash;
}
