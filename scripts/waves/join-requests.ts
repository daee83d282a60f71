import { hashesOf } from '../../site/schemas/node.ts';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import type { Plan } from '../receive/plan-folder.ts';

/** A concretized request. */
export interface SolvedRequest {
  entry: MatrixEntry;
  plan: Plan;
}

/**
 * Groups requests by shared nodes: requests of one target that share a node to build, directly or through
 * others, are in one group. A request with a container stays alone: while it is short, its job makes the
 * container, too. So does a request with splices, since one job must build them: Spack loses the build spec
 * of a spliced spec from a cache.
 */
export function joinRequests(requests: readonly SolvedRequest[]): SolvedRequest[][] {
  const groups = new Set<{ requests: SolvedRequest[] }>();
  const groupOf = new Map<string, { requests: SolvedRequest[] }>();
  for (const request of requests) {
    const { entry, plan } = request;
    const keys =
      plan.inputs.request.container || splicedOf(plan).length > 0
        ? []
        : [...plan.hashes].map((hash) => `${entry.target} ${hash}`);
    const group = { requests: [request] };
    for (const other of new Set(keys.flatMap((key) => groupOf.get(key) ?? []))) {
      groups.delete(other);
      group.requests.push(...other.requests);
    }
    groups.add(group);
    // Updates all nodes of the joined groups.
    for (const { entry: joined, plan: theirs } of keys.length > 0 ? group.requests : [])
      for (const hash of theirs.hashes) groupOf.set(`${joined.target} ${hash}`, group);
  }
  return [...groups]
    .map((group) => group.requests.sort((a, b) => a.entry.index - b.entry.index))
    .sort((a, b) => (a[0]?.entry.index ?? 0) - (b[0]?.entry.index ?? 0));
}

/** Returns the spliced specs among the hashes to build. */
export function splicedOf({ hashes, nodes }: Pick<Plan, 'hashes' | 'nodes'>): DagHash[] {
  return [...hashes].filter((hash) => nodes.get(hash)?.build_spec !== undefined);
}

/**
 * Lists the planned nodes that each planned node needs, even through cached ones: binaries need them, too.
 */
export function needsAmong(requests: readonly Pick<SolvedRequest, 'plan'>[]): Map<DagHash, DagHash[]> {
  const planned = new Set(requests.flatMap(({ plan }) => [...plan.hashes]));
  const needs = new Map<DagHash, DagHash[]>();
  for (const { plan } of requests) {
    for (const hash of plan.hashes) {
      if (needs.has(hash)) continue;
      const reached = walk([hash], (node) =>
        node !== hash && planned.has(node) ? [] : hashesOf(plan.nodes.get(node)),
      );
      needs.set(
        hash,
        reached.filter((node) => node !== hash && planned.has(node)),
      );
    }
  }
  return needs;
}
