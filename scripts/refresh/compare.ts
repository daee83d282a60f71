import { z } from 'zod';
import type { DagHash } from '../../site/schemas/digest.ts';
import { hashesOf } from '../../site/schemas/node.ts';
import type { Node } from '../../site/schemas/node.ts';
import { folderPackage } from './recipe-trees.ts';
import type { RecipeTrees } from './recipe-trees.ts';

/** What newer recipes make of one node, as `recipe_state.py` says. */
export const RecipeState = z.object({
  state: z.enum(['known', 'no recipe', 'no version', 'deprecated']),
  package_hash: z.string().nullable(),
  /** The version that the solver likes best. Empty: all are deprecated. */
  newest: z.string(),
  /** Why it is deprecated, in the recipe's words; empty: it does not say. */
  reason: z.string(),
  /** Files of `build_systems` that the recipe uses. */
  shared: z.array(z.string()),
  /** Other packages, as their folders are called, that the recipe imports. */
  imports: z.array(z.string()),
});
export type RecipeState = z.infer<typeof RecipeState>;

/**
 * What becomes of a build under newer recipes. `unchanged` is proven: of all nodes of its DAG recipe and patches are
 * the same bytes. `unclear`: nothing says that it changes, but only the solver knows.
 */
export interface Verdict {
  kind: 'unchanged' | 'unclear' | 'different' | 'withdrawn';
  /** One sentence; empty for what is unchanged. */
  reason: string;
}

export interface Comparison {
  nodes: ReadonlyMap<DagHash, Node>;
  states: ReadonlyMap<DagHash, RecipeState>;
  /** Recipes that a build was solved with. Undefined: not known. */
  oldTrees: (hash: DagHash) => RecipeTrees | undefined;
  newTrees: RecipeTrees;
  /** Whether a build was solved with the very Spack that is asked now: another may choose otherwise. */
  sameSpack: (hash: DagHash) => boolean;
}

/** Judges builds by their own recipe and by everything below them. */
export function compareWithRecipes(
  builds: readonly DagHash[],
  comparison: Comparison,
): Map<DagHash, Verdict> {
  const own = new Map<DagHash, Verdict>();
  const judged = new Map<DagHash, Verdict>();
  for (const hash of builds) judged.set(hash, judge(hash, own, comparison));
  return judged;
}

function judge(root: DagHash, known: Map<DagHash, Verdict>, comparison: Comparison): Verdict {
  const oldTrees = comparison.oldTrees(root);
  let below: Verdict | undefined;
  let isSame = oldTrees !== undefined && comparison.sameSpack(root);
  const seen = new Set<DagHash>([root]);
  for (const hash of seen) {
    const node = comparison.nodes.get(hash);
    if (node === undefined) {
      isSame = false;
      continue;
    }
    for (const needed of hashesOf(node)) seen.add(needed);
    const state = comparison.states.get(hash);
    for (const name of [node.name, ...(state?.imports ?? []).map(folderPackage)]) {
      const id = comparison.newTrees.packages.get(name);
      if (id === undefined || id !== oldTrees?.packages.get(name)) isSame = false;
    }
    for (const file of state?.shared ?? [])
      if (oldTrees?.shared.get(file) !== comparison.newTrees.shared.get(file)) isSame = false;
    const isBuiltin = node.namespace === undefined || node.namespace === 'builtin';
    if (!isBuiltin || (!node.external && state === undefined)) isSame = false;
    // What an external is comes from the machine: its recipe has no hash in it.
    if (node.external) continue;
    const verdict = known.get(hash) ?? judgeOne(node, state);
    known.set(hash, verdict);
    if (hash === root && verdict.kind !== 'unclear') return verdict;
    if (verdict.kind === 'different' || verdict.kind === 'withdrawn')
      below ??= { kind: 'different', reason: `it needs ${node.name}@${node.version}: ${verdict.reason}` };
  }
  if (below) return below;
  return isSame
    ? { kind: 'unchanged', reason: '' }
    : {
        kind: 'unclear',
        reason: 'recipes of its DAG or Spack itself changed, but no package hash or version did',
      };
}

function judgeOne({ version, package_hash }: Node, state: RecipeState | undefined): Verdict {
  if (state === undefined)
    return { kind: 'unclear', reason: 'its recipe is in a repository that was not asked' };
  const newer = state.newest === '' || state.newest === version ? '' : `; the newest is ${state.newest}`;
  if (state.state === 'no recipe') return { kind: 'withdrawn', reason: 'there is no recipe of it any more' };
  if (state.state === 'no version')
    return { kind: 'withdrawn', reason: `its version is not in the recipe any more${newer}` };
  if (state.state === 'deprecated') {
    const why = state.reason === '' ? '' : `: ${state.reason}`;
    return { kind: 'withdrawn', reason: `its version is deprecated${why}${newer}` };
  }
  if (state.package_hash === null || state.package_hash !== package_hash)
    return { kind: 'different', reason: `its recipe, source or patches changed${newer}` };
  if (newer !== '') return { kind: 'different', reason: `a newer version is preferred: ${state.newest}` };
  return { kind: 'unclear', reason: '' };
}
