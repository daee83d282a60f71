import { z } from 'zod';
import { hashTexts, withSuffix, base32 } from '../../site/lib/spack/dag-hash.ts';
import {
  dagHashText,
  refuseAmbiguousJson,
  refuseDeepJson,
  splitNodes,
} from '../../site/lib/spack/node-text.ts';
import {
  OLDEST_SPEC_FILE_VERSION,
  SPEC_FILE_VERSION,
  upgradeNodes,
} from '../../site/lib/spack/old-spec-file.ts';
import { findNodeFault, MAX_NODE_LENGTH } from '../../site/lib/spack/node-faults.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import { COMPILER_FLAGS, Node, PackageName, type Dependency } from '../../site/schemas/node.ts';
import { MAX_NODES, SpecFile } from '../../site/schemas/spec-file.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';
import { checkDag, label } from './dag.ts';
import { quote } from './quote.ts';
import { hash } from 'node:crypto';

/** A spec file in which every node matches its hash, except the externals listed. */
export interface CheckedSpecFile {
  root: SpecNode;
  /** The root first, then the nodes in the order of the file. A list: maps take 18 MB for 10,000 builds. */
  nodes: readonly SpecNode[];
  /** Externals whose hash could not be recomputed, so their data cannot be proved. */
  unverifiedExternals: DagHash[];
}

/** Nodes that were already checked, by hash: spec files of one cache share most of their nodes. */
export type KnownNodes = Map<DagHash, SpecNode>;

/** The first characters of a spec file that Spack writes. */
const USUAL_BEGINNING = `{"spec":{"_meta":{"version":${SPEC_FILE_VERSION}},"nodes":[`;
/** A spec file whose nodes are not parsed yet. */
const RawSpecFile = SpecFile.extend({
  spec: SpecFile.shape.spec.extend({ nodes: z.array(z.unknown()).min(1).max(MAX_NODES) }),
});
const AnyVersion = z.object({
  spec: z.object({ _meta: z.object({ version: z.number().int() }), nodes: z.array(z.unknown()) }),
});

/**
 * Reads a spec file and recomputes the hash of every node. Throws one sentence, which the caller prefixes
 * with the file, when it is not a DAG of version 2 to 5 or a node does not match its hash. Nodes of older
 * versions are upgraded as Spack 1 does.
 */
export function parseSpecFile(text: string, known: KnownNodes = new Map()): CheckedSpecFile {
  const nodes = readNodes(text, known);
  checkDag(nodes);
  const unverifiedExternals: DagHash[] = [];
  for (const node of nodes) {
    if (known.get(node.node.hash) === node) continue;
    if (isOwnHash(node)) known.set(node.node.hash, node);
    else if (node.node.external) {
      checkUnprovedExternal(node.text);
      unverifiedExternals.push(node.node.hash);
    } else throw notItsHash(node);
    refuseUnreadable(node);
  }
  const [root] = nodes;
  if (!root) throw new Error('expected a spec file with nodes, found none');
  if (root.node.external) {
    throw new Error(`expected a spec that Spack built, found the external ${label(root.node)}`);
  }
  return { root, nodes, unverifiedExternals };
}

function refuseUnreadable(entry: SpecNode): void {
  const { node } = entry;
  const fault = findNodeFault(entry);
  if (fault === undefined) return;
  throw new Error(
    `expected nodes that every client can read, ${fault} in ${quote(`${node.name}@${node.version}`)}/${node.hash}`,
  );
}

function readNodes(text: string, known: KnownNodes): SpecNode[] {
  const read = parseJson(text);
  const { spec } = AnyVersion.safeParse(read).data ?? {};
  const version = spec?._meta.version ?? SPEC_FILE_VERSION;
  if (spec && spec.nodes.length > MAX_NODES)
    throw new Error(`expected at most ${MAX_NODES} nodes, found ${spec.nodes.length}`);
  if (version < OLDEST_SPEC_FILE_VERSION || version > SPEC_FILE_VERSION) {
    throw new Error(
      `expected a spec file of version ${OLDEST_SPEC_FILE_VERSION} to ${SPEC_FILE_VERSION}, found version ${version}`,
    );
  }
  return version === SPEC_FILE_VERSION ? parseNodes(text, read, known) : parseOldNodes(text, version, known);
}

/** Reads the nodes of a spec file from before version 5. */
function parseOldNodes(text: string, version: number, known: KnownNodes): SpecNode[] {
  refuseAmbiguousJson(text);
  const upgraded = `{"spec":{"_meta":{"version":${SPEC_FILE_VERSION}},"nodes":[${upgradeNodes(text, version).join(',')}]}}`;
  return parseNodes(upgraded, parseJson(upgraded), known);
}

function parseNodes(text: string, value: unknown, known: KnownNodes): SpecNode[] {
  const file = RawSpecFile.safeParse(value);
  if (!file.success) throw notASpecFile(file.error);
  const { nodes } = file.data.spec;
  return splitTexts(text, value, nodes, known).map((part, index) => {
    if (typeof part !== 'string') return part;
    if (part.length > MAX_NODE_LENGTH)
      throw new Error(`expected nodes of at most ${MAX_NODE_LENGTH} characters, found ${part.length}`);
    const node = Node.safeParse(nodes[index]);
    if (!node.success) throw notASpecFile(node.error, ['spec', 'nodes', index]);
    for (const edge of node.data.dependencies) shareParameters(edge);
    const earlier = known.get(node.data.hash);
    return earlier?.text === part ? earlier : { node: node.data, text: part };
  });
}

const edgeParameters = new Map<string, Dependency['parameters']>();

/** Makes equal parameters of edges one object: 10,000 builds have 85,000 edges of some ten kinds. */
function shareParameters(edge: Dependency): void {
  const text = JSON.stringify(edge.parameters);
  const shared = edgeParameters.get(text);
  if (shared) edge.parameters = shared;
  else edgeParameters.set(text, edge.parameters);
}

function notASpecFile({ issues }: z.ZodError, place: PropertyKey[] = []): Error {
  const [issue] = issues;
  const path = [...place, ...(issue?.path ?? [])].join('.');
  return new Error(`expected a spec file as Spack writes it, found at "${path}": ${issue?.message}`);
}

/**
 * The text of each node, or the known node when its text is identical.
 * Throws when a key occurs twice: readers disagree on which of the two counts.
 */
function splitTexts(
  text: string,
  value: unknown,
  nodes: readonly unknown[],
  known: KnownNodes,
): (string | SpecNode)[] {
  // Most files are written just as JavaScript would, so no repeated key got lost; this is ten times faster.
  if (JSON.stringify(value) !== text) {
    refuseAmbiguousJson(text);
    return splitNodes(text);
  }
  // A known node need not be serialized for comparison: its text begins at a known offset.
  let at = text.startsWith(USUAL_BEGINNING) ? USUAL_BEGINNING.length : Infinity;
  return nodes.map((node) => {
    const earlier = known.get(hashOf(node));
    const part = earlier && text.startsWith(earlier.text, at) ? earlier : JSON.stringify(node);
    at += (typeof part === 'string' ? part : part.text).length + 1;
    return part;
  });
}

function hashOf(node: unknown): DagHash {
  const hasHash = typeof node === 'object' && node !== null && 'hash' in node;
  return hasHash && typeof node.hash === 'string' ? node.hash : '';
}

function parseJson(text: string): unknown {
  // Check before parsing: each level takes far more memory than its two characters.
  refuseDeepJson(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Python reads and writes NaN and Infinity, which are not JSON.
    throw new Error(`expected a spec file in JSON, found text that is not (${quote(text.slice(0, 40))})`, {
      cause,
    });
  }
}

/** Cached results of `isProved`: spec files of one cache share most of their nodes. */
const proofs = new WeakMap<SpecNode, boolean>();

/** Whether the hash covers the node's whole text, so that nobody can have changed it. */
export function isProved(specNode: SpecNode): boolean {
  let proof = proofs.get(specNode);
  if (proof === undefined) {
    proof = fits(specNode, true);
    proofs.set(specNode, proof);
  }
  return proof;
}

/** Whether a node's hash follows from its text, by the rules of any version of Spack. */
export function isOwnHash(specNode: SpecNode): boolean {
  return fits(specNode, false);
}

function fits(specNode: SpecNode, onlyWhole: boolean): boolean {
  const { node } = specNode;
  for (const hashed of hashTexts(specNode)) {
    if (onlyWhole && !hashed.isWhole) continue;
    if (withSuffix(node, base32(hash('sha1', hashed.text, 'buffer'))) === node.hash) return true;
  }
  return false;
}

function notItsHash({ node, text }: SpecNode): Error {
  const version = node.annotations?.original_specfile_version ?? SPEC_FILE_VERSION;
  return new Error(
    version < SPEC_FILE_VERSION
      ? `expected nodes whose hash can be recomputed, found ${label(node)} from a spec file of version ${version}`
      : `expected the hash ${withSuffix(node, computeDagHash(text))} for ${node.name}@${quote(node.version)}, found ${node.hash}`,
  );
}

/**
 * Recomputes a node's DAG hash from its own text: lower-case base32 of the SHA-1 of the node without `hash`.
 * For a spliced node only the first 25 characters are comparable: Spack appends the end of its build spec's
 * hash.
 * @param without keys, or `parameters.NAME`, that did not exist when Spack hashed the node
 */
export function computeDagHash(nodeText: string, without: readonly string[] = []): DagHash {
  return base32(hash('sha1', dagHashText(nodeText, without), 'buffer'));
}

/** In characters. Spack itself writes a few hundred. */
const MAX_LENGTH = 100_000;
const Word = z.string().regex(/^[A-Za-z0-9_.:+-]+$/);
const Flags = z.array(z.string());

/**
 * An external whose hash proves nothing, so its sender can choose its text. It goes into the index that every
 * client reads, and a single node that Spack's reader rejects would make the whole index unreadable.
 * Therefore only what Spack itself writes for an external is accepted. Source: Spack's
 * `SpecfileReaderBase.from_node_dict`.
 */
const UnprovedExternal = z.strictObject({
  name: PackageName,
  // Spack's VALID_VERSION without git references.
  version: z.string().regex(/^[A-Za-z0-9_.-]+$/),
  arch: z.strictObject({
    platform: Word,
    platform_os: Word,
    target: z.union([Word, z.looseObject({ name: Word, vendor: z.string(), features: z.array(z.string()) })]),
  }),
  namespace: Word.optional(),
  parameters: z
    .object(Object.fromEntries(COMPILER_FLAGS.map((flag) => [flag, Flags.optional()])))
    .catchall(z.union([z.boolean(), z.string(), z.array(z.string())]))
    .optional(),
  package_hash: z
    .string()
    .regex(/^[a-z2-7]+=*$/)
    .optional(),
  external: z.strictObject({
    path: z.string().nullable(),
    module: z.array(z.string()).nullable(),
    extra_attributes: z.record(z.string(), z.unknown()),
  }),
  annotations: z.strictObject({
    original_specfile_version: z.number().int().min(1).max(5),
    compiler: z
      .string()
      .regex(/^[a-z0-9_-]+@=?[A-Za-z0-9_.-]+$/)
      .optional(),
  }),
  hash: DagHash,
});

/** Throws one sentence, which the caller prefixes with the file, unless Spack would write this external. */
function checkUnprovedExternal(text: string): void {
  if (text.length > MAX_LENGTH) {
    throw new Error(`expected an external of at most ${MAX_LENGTH} characters, found ${text.length}`);
  }
  refuseAmbiguousJson(text);
  const result = UnprovedExternal.safeParse(JSON.parse(text));
  if (result.success) return;
  const [issue] = result.error.issues;
  const at = issue?.path.length ? ` at "${issue.path.join('.')}"` : '';
  throw new Error(
    `expected an external as Spack 1 writes it, since its hash proves nothing, found${at}: ${issue?.message}`,
  );
}
