import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { hashesOf } from '../../site/schemas/node.ts';
import type { BuildInputs, BuildLane, MatrixEntry } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { walk, type SpecNode } from '../../site/lib/spack/dag.ts';
import { joinObject, splitObject } from '../../site/lib/spack/node-text.ts';
import { writePlanFiles, composeSpackYaml } from '../concretize/plan-files.ts';
import { REQUESTS_FOLDER } from '../receive/plan-folder.ts';
import type { SolvedRequest } from './join-requests.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';

/** A job that builds a part of some requests. */
export interface PartToWrite {
  /** Number in the names of its folder, its job and its artifacts. */
  index: number;
  wave: number;
  lane?: BuildLane | undefined;
  /** Requests that have these nodes and their dependencies; the first determines the configuration. */
  requests: readonly SolvedRequest[];
  hashes: readonly DagHash[];
}

interface Root {
  hash: DagHash;
  spec: string;
}

/** Maximum number of roots in a job's title. */
const MAX_TITLE_SPECS = 20;

/**
 * Writes the folder of a part with the files that concretize writes for a request: `spack.yaml`,
 * `spack.lock`, `plan.txt`, `inputs.json`. Roots of its lock are the nodes that no other node of the part
 * needs.
 * @param plans folder of the plans of requests; receives this one, too
 */
export function writePart(plans: string, part: PartToWrite): MatrixEntry {
  const { index, wave, lane, requests, hashes } = part;
  const [first] = requests;
  if (!first) throw new Error('expected a part of at least one request, found none');
  const folder = join(plans, String(index));
  mkdirSync(folder, { recursive: true });
  const texts = new Map(requests.flatMap(({ plan }) => [...plan.texts]));
  const nodes = new Map(requests.flatMap(({ plan }) => [...plan.nodes]));
  const own = new Set(hashes);
  const planned = new Set(requests.flatMap(({ plan }) => [...plan.hashes]));
  const asked = new Map(
    requests.flatMap(({ plan }) => plan.roots.map(({ hash, spec }): [DagHash, string] => [hash, spec])),
  );
  const { roots, closure, lock } = partOfLock(first.plan.lockText, hashes, { nodes, texts, asked });
  writeFileSync(join(folder, 'spack.lock'), lock);
  writeFileSync(join(folder, 'spack.yaml'), composeYaml(plans, first, roots));
  // All requests of a run have these in common.
  const { flags, release, byHand } = first.plan.inputs.request;
  const inputs: Omit<BuildInputs, 'files'> = {
    ...first.plan.inputs,
    request: {
      index,
      specs: roots.slice(0, MAX_TITLE_SPECS).map(({ spec }) => spec),
      target: first.entry.target,
      fresh: false,
      container: false,
      ...{ flags, release, byHand },
    },
    part: {
      asked: hashes.filter((hash) => asked.has(hash)),
      earlier: closure.filter((hash) => planned.has(hash) && !own.has(hash)),
    },
  };
  const { target: name, runner, container } = first.entry;
  const entry = writePlanFiles(folder, hashes, inputs, { name, runner, container });
  return { ...entry, wave, ...(lane && { lane }) };
}

/** Reduces a lock to some nodes. Its roots are those that none of them needs, and the requested ones. */
function partOfLock(
  lockText: string,
  hashes: readonly DagHash[],
  {
    nodes,
    texts,
    asked,
  }: {
    nodes: SolvedRequest['plan']['nodes'];
    texts: ReadonlyMap<DagHash, string>;
    /** Requested specs, keyed by their hash. */
    asked: ReadonlyMap<DagHash, string>;
  },
): { roots: Root[]; closure: DagHash[]; lock: string } {
  const needsOf = (hash: DagHash) => hashesOf(nodes.get(hash));
  const needed = new Set(hashes.flatMap(needsOf));
  const roots = hashes
    .filter((hash) => !needed.has(hash) || asked.has(hash))
    .map((hash): Root => ({ hash, spec: asked.get(hash) ?? specOf(hash, nodes) }));
  const closure = walk(
    roots.map(({ hash }) => hash),
    needsOf,
  );
  return { roots, closure, lock: composeLock(lockText, roots, closure, texts) };
}

/** Composes a lock of some roots of another one, with its nodes verbatim. */
export function composeLock(
  lockText: string,
  roots: readonly Root[],
  closure: readonly DagHash[],
  texts: ReadonlyMap<DagHash, string>,
): string {
  const concrete = closure.map((hash): [string, string] => {
    const text = texts.get(hash);
    if (text === undefined) throw new Error(`spack.lock: expected the node ${hash}, which another needs`);
    return [hash, text];
  });
  const kept = [...splitObject(lockText)].filter(([key]) => key === '_meta' || key === 'spack');
  return `${joinObject([...kept, ['roots', JSON.stringify(roots)], ['concrete_specs', joinObject(concrete)]])}\n`;
}

/** Composes a part's `spack.yaml`: that of its environment, without the view, which would be incomplete. */
function composeYaml(plans: string, { entry, plan }: SolvedRequest, roots: readonly Root[]): string {
  if (plan.inputs.request.environment === undefined) return composeSpackYaml(roots.map(({ spec }) => spec));
  const document = parseDocument(
    readFileSync(join(plans, REQUESTS_FOLDER, String(entry.index), 'spack.yaml'), 'utf8'),
  );
  document.setIn(['spack', 'view'], false);
  return String(document);
}

function specOf(hash: DagHash, nodes: SolvedRequest['plan']['nodes']): string {
  const node = nodes.get(hash);
  return node ? `${node.name}@=${node.version}` : `/${hash}`;
}

/**
 * Removes from a part's lock the nodes that cannot be built because a dependency was not handed on: Spack
 * would build that itself, in each job that needs it. Undefined when nothing is left.
 * @param planned hashes that the part builds
 * @param missing hashes that it needs from earlier waves and that are not available
 */
export function trimLock(
  lockText: string,
  planned: ReadonlySet<DagHash>,
  missing: ReadonlySet<DagHash>,
): string | undefined {
  if (missing.size === 0) return lockText;
  const lock = LockFile.parse(JSON.parse(lockText));
  const needsOf = (hash: DagHash) => hashesOf(lock.concrete_specs[hash]);
  const kept = [...planned].filter((hash) => !walk([hash], needsOf).some((needed) => missing.has(needed)));
  if (kept.length === 0) return undefined;
  const nodes = new Map(Object.entries(lock.concrete_specs));
  const texts = splitObject(splitObject(lockText).get('concrete_specs') ?? '{}');
  const asked = new Map(lock.roots.map(({ hash, spec }) => [hash, spec]));
  return partOfLock(lockText, kept, { nodes, texts, asked }).lock;
}

/** Returns the nodes of a lock, each with its text. */
export function lockNodes(lockText: string): Map<DagHash, SpecNode> {
  const { concrete_specs: nodes } = LockFile.parse(JSON.parse(lockText));
  const texts = splitObject(splitObject(lockText).get('concrete_specs') ?? '{}');
  return new Map(Object.entries(nodes).map(([hash, node]) => [hash, { node, text: texts.get(hash) ?? '' }]));
}
