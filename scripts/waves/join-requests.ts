import { hashesOf } from '../../site/schemas/node.ts';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import type { Plan } from '../receive/plan-folder.ts';

/** A request that was solved. */
export interface SolvedRequest {
  entry: MatrixEntry;
  plan: Plan;
}

/**
 * Sorts requests by what they have to build in common: requests of one target that share a node to build, directly or
 * through others, come together. A request that wants a container stays alone: while it is short, its job makes that, too.
 * So does one with splices, whose spliced specs one job makes: of those from a cache Spack forgets what they were built as.
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
    // All nodes of the groups that are one now.
    for (const { entry: joined, plan: theirs } of keys.length > 0 ? group.requests : [])
      for (const hash of theirs.hashes) groupOf.set(`${joined.target} ${hash}`, group);
  }
  return [...groups]
    .map((group) => group.requests.sort((a, b) => a.entry.index - b.entry.index))
    .sort((a, b) => (a[0]?.entry.index ?? 0) - (b[0]?.entry.index ?? 0));
}

/** What is spliced of what is to be made. */
export function splicedOf({ hashes, nodes }: Pick<Plan, 'hashes' | 'nodes'>): DagHash[] {
  return [...hashes].filter((hash) => nodes.get(hash)?.build_spec !== undefined);
}

/** What each node to build needs of the others, through what is cached, too: a binary is unpacked with all that it needs. */
export function needsAmong(requests: readonly Pick<SolvedRequest, 'plan'>[]): Map<DagHash, DagHash[]> {
  const planned = new Set(requests.flatMap(({ plan }) => [...plan.hashes]));
  const needs = new Map<DagHash, DagHash[]>();
  for (const { plan } of requests) {
    for (const hash of plan.hashes) {
      if (needs.has(hash)) continue;
      const reached = walk([hash], (one) =>
        one !== hash && planned.has(one) ? [] : hashesOf(plan.nodes.get(one)),
      );
      needs.set(
        hash,
        reached.filter((one) => one !== hash && planned.has(one)),
      );
    }
  }
  return needs;
}
