import type { DagHash } from '../../schemas/digest.ts';
import type { Node } from '../../schemas/node.ts';
import type { SpecNode } from './dag.ts';
import { dagHashText, joinObject, splitObject } from './node-text.ts';
import { oldHashTexts, SPEC_FILE_VERSION } from './old-spec-file.ts';

const BASE32_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Number of characters at the end of a spliced node's hash that come from the spec it was built as. */
const BUILD_SPEC_SUFFIX = 7;

/** Spack 1.0 renamed this repository of its tests in existing nodes without changing their hashes. */
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
  /** Whether it covers everything in the node, so that nobody can have changed the node. */
  isWhole: boolean;
}

/**
 * Texts whose SHA-1 may be a node's DAG hash, by the rules of different versions of Spack, the most likely
 * first. The hash of a node is valid if one of them matches.
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

/** Parts that Spack may have left out when it hashed a node: keys of the node, or `parameters.NAME`. */
function hashRules(node: Node): string[][] {
  return [
    [],
    // Spack 1.0 hashed nodes with a git version before it looked up the commit.
    ...(COMMIT.test(String(node.parameters['commit'])) ? [['parameters.commit']] : []),
    // Spack 1.1 hashed externals before it set their namespace.
    ...(node.external === undefined ? [] : [['namespace']]),
  ];
}

/**
 * A recomputed hash with the suffix of the node's own hash. The end of a spliced node's hash proves nothing:
 * Spack puts a recomputed hash of the build spec there, which differs from the build spec's own hash two
 * levels above a splice. The part before it covers the whole node, including name and hash of its build spec.
 */
export function withSuffix({ build_spec: built, hash: own }: Node, hash: DagHash): DagHash {
  return built ? hash.slice(0, -BUILD_SPEC_SUFFIX) + own.slice(-BUILD_SPEC_SUFFIX) : hash;
}
