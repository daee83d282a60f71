import { z } from 'zod';
import type { DagHash } from '../../schemas/digest.ts';
import type { Node } from '../../schemas/node.ts';
import { ReadableNode } from '../../schemas/readable-node.ts';
import { isSafeText } from '../../schemas/safe-text.ts';
import type { SpecNode } from './dag.ts';
import { isPlainNode, refuseAmbiguousJson, refuseDeepJson } from './node-text.ts';

/** Real DAGs are 40 nodes deep; recursive readers fail at a few hundred. */
export const MAX_DAG_DEPTH = 250;

/** In characters. Spack's own nodes have a few thousand, and every index contains all of them. */
export const MAX_NODE_LENGTH = 100_000;

const HIDDEN_KEY = '__proto__';

/** Cached results of `findNodeFault`, null for a valid node. */
const faults = new WeakMap<Pick<SpecNode, 'text'>, string | null>();

/**
 * Reason why clients could not or should not read an index with this node. Undefined:
 * the node is valid. Checked once.
 * @param value the parsed text, if it was parsed before
 */
export function findNodeFault(entry: Pick<SpecNode, 'text'>, value?: unknown): string | undefined {
  let fault = faults.get(entry);
  if (fault === undefined) {
    const verdict = judgeNode(entry, value);
    fault = typeof verdict === 'string' ? verdict : null;
    faults.set(entry, fault);
  }
  return fault ?? undefined;
}

/**
 * The node of a text, if clients can read it: it then has the shape of a node and need not be parsed with
 * that schema. The result is cached for `findNodeFault` of the same object.
 */
export function readGoodNode(entry: Pick<SpecNode, 'text'>, value: unknown): Node | undefined {
  const verdict = judgeNode(entry, value);
  faults.set(entry, typeof verdict === 'string' ? verdict : null);
  if (typeof verdict === 'string') return undefined;
  return { ...verdict, parameters: verdict.parameters ?? {}, dependencies: verdict.dependencies ?? [] };
}

/** A node that clients can read, or its fault. */
function judgeNode(entry: Pick<SpecNode, 'text'>, parsed: unknown): ReadableNode | string {
  const { text } = entry;
  if (text.length > MAX_NODE_LENGTH) return `found ${text.length} characters, more than ${MAX_NODE_LENGTH}`;
  let value = parsed;
  let isPlain: boolean;
  try {
    value ??= JSON.parse(text);
    isPlain = isPlainNode(entry, value);
    if (isPlain) refuseDeepJson(text);
    else refuseAmbiguousJson(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const result = ReadableNode.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    return `found another at "${issue?.path.join('.') ?? ''}": ${issue?.message ?? z.prettifyError(result.error)}`;
  }
  // The schema does not see this key, which is an ordinary one in Python.
  const hasHiddenKey = isPlain ? text.includes(`"${HIDDEN_KEY}":`) : hasKey(value, HIDDEN_KEY);
  if (hasHiddenKey) return `found the key "${HIDDEN_KEY}"`;
  if (isPlain) return result.data;
  // Keys that the schema ignores are passed on with the text; these may contain line breaks.
  const isSafe = everyText(value, (part) => isSafeText(part.replaceAll(/[\n\t]/g, ' ')));
  return isSafe ? result.data : 'found control or bidirectional characters, or half of a character';
}

/** A node that is left out of indexes, and the reason. */
export interface UnreadableNode {
  node: SpecNode['node'];
  reason: string;
  /** The dependency that causes it. Absent: the node itself is faulty. */
  through?: DagHash;
}

/**
 * Finds the nodes that would make an index unreadable: faulty ones, those that depend on a faulty or missing
 * node or on themselves, and those whose DAG is too deep. Every node is checked once.
 */
export function findUnreadable(nodes: ReadonlyMap<DagHash, SpecNode>): Map<DagHash, UnreadableNode> {
  const unreadable = new Map<DagHash, UnreadableNode>();
  const depths = new Map<DagHash, number>();
  const open = new Set<DagHash>();
  for (const start of nodes.keys()) {
    // Iterative, because a hostile DAG may be as deep as it has nodes.
    const path: { hash: DagHash; entry: SpecNode; next: number }[] = [];
    enter(start, path);
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const { hash, entry } = last;
      const edges = entry.node.dependencies;
      const edge = edges[last.next];
      if (edge) {
        last.next += 1;
        enter(edge.hash, path);
        continue;
      }
      path.pop();
      open.delete(hash);
      let depth = 1;
      for (const edge of edges) depth = Math.max(depth, 1 + (depths.get(edge.hash) ?? 0));
      depths.set(hash, depth);
      const reason = findNodeFault(entry);
      const fault = reason === undefined ? findEdgeFault(entry.node) : { reason };
      if (fault) unreadable.set(hash, { node: entry.node, ...fault });
      else if (depth > MAX_DAG_DEPTH)
        unreadable.set(hash, { node: entry.node, reason: `its DAG is deeper than ${MAX_DAG_DEPTH} nodes` });
    }
  }
  return unreadable;

  function enter(hash: DagHash, path: { hash: DagHash; entry: SpecNode; next: number }[]): void {
    const entry = nodes.get(hash);
    if (!entry || depths.has(hash) || open.has(hash)) return;
    open.add(hash);
    path.push({ hash, entry, next: 0 });
  }

  function findEdgeFault({ dependencies }: SpecNode['node']): Omit<UnreadableNode, 'node'> | undefined {
    for (const { name, hash } of dependencies) {
      const lead = `it depends on ${name}/${hash}`;
      if (unreadable.has(hash)) return { reason: `${lead}, which is left out`, through: hash };
      if (!nodes.has(hash)) return { reason: `${lead}, whose file is missing in specs/`, through: hash };
      if (!depths.has(hash)) return { reason: `${lead}, which depends on it` };
    }
    return undefined;
  }
}

function hasKey(value: unknown, wanted: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, wanted) || Object.values(value).some((part) => hasKey(part, wanted));
}

function everyText(value: unknown, isGood: (text: string) => boolean): boolean {
  if (typeof value === 'string') return isGood(value);
  if (Array.isArray(value)) return value.every((part) => everyText(part, isGood));
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, part]) => isGood(key) && everyText(part, isGood));
}
