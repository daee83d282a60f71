import { z } from 'zod';
import type { OlderCause } from '../../site/schemas/checks/recipe-comparison.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import { hashesOf, runtimeDependencies, type Node } from '../../site/schemas/node.ts';
import { folderPackage, type RecipeTrees } from './recipe-trees.ts';

/** State of one node in newer recipes, as reported by `recipe_state.py`. */
export const RecipeState = z.object({
  state: z.enum(['known', 'no recipe', 'no version', 'deprecated']),
  package_hash: z.string().nullable(),
  /** The version that the solver prefers; empty when all are deprecated. */
  newest: z.string(),
  /** The recipe's reason for the deprecation; empty when it gives none. */
  reason: z.string(),
  /** Files in `build_systems` that the recipe uses. */
  shared: z.array(z.string()),
  /** Folder names of other packages that the recipe imports. */
  imports: z.array(z.string()),
});
export type RecipeState = z.infer<typeof RecipeState>;

/**
 * Verdict on a build under newer recipes. `unchanged` is proven: recipes and patches of all nodes in its DAG
 * have the same bytes. `unclear`: nothing shows a change, but only the solver knows.
 */
export interface Verdict {
  kind: 'unchanged' | 'unclear' | 'different' | 'deprecated' | 'removed';
  /** One sentence; empty for `unchanged`. */
  reason: string;
  /** Cause that makes it older: its own recipe, or that of a run-time dependency. */
  cause?: OlderCause;
  /** Set when a recipe in its DAG is unknown, so that not even "nothing is newer" is certain. */
  isUnknown?: true;
}

export interface Comparison {
  nodes: ReadonlyMap<DagHash, Node>;
  states: ReadonlyMap<DagHash, RecipeState>;
  /** Returns the recipes that a build was concretized with; undefined if unknown. */
  oldTrees: (hash: DagHash) => RecipeTrees | undefined;
  newTrees: RecipeTrees;
  /** Whether a build was concretized with the same Spack as now: another version may choose differently. */
  sameSpack: (hash: DagHash) => boolean;
  /** Whether a package has a compiler's runtime libraries, which the solver adds to all that it compiles. */
  isRuntime: (name: string) => boolean;
}

/** Judges builds by their own recipe and by those of all their dependencies. */
export function compareWithRecipes(
  builds: readonly DagHash[],
  comparison: Comparison,
): Map<DagHash, Verdict> {
  const own = new Map<DagHash, Verdict>();
  const judged = new Map<DagHash, Verdict>();
  for (const hash of builds) judged.set(hash, judge(hash, own, comparison));
  return judged;
}

function judge(root: DagHash, verdicts: Map<DagHash, Verdict>, comparison: Comparison): Verdict {
  const oldTrees = comparison.oldTrees(root);
  const below = new Map<DagHash, Verdict>();
  let isUnknown = false;
  let isSame = oldTrees !== undefined && comparison.sameSpack(root);
  const seen = new Set<DagHash>([root]);
  for (const hash of seen) {
    const node = comparison.nodes.get(hash);
    if (node === undefined) {
      isSame = false;
      isUnknown = true;
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
    if (!node.external && state === undefined) isUnknown = true;
    if (!isBuiltin || isUnknown) isSame = false;
    // An external comes from the machine: its recipe is not part of its hash.
    if (node.external) continue;
    const verdict = verdicts.get(hash) ?? judgeOne(node, state);
    verdicts.set(hash, verdict);
    if (hash === root && verdict.kind !== 'unclear') return verdict;
    if (verdict.cause) below.set(hash, verdict);
  }
  const doubt = isUnknown ? ({ isUnknown } as const) : {};
  if (below.size > 0) return { ...blame(root, below, comparison), ...doubt };
  return isSame
    ? { kind: 'unchanged', reason: '' }
    : {
        kind: 'unclear',
        reason: 'recipes of its DAG or Spack itself changed, but no package hash or version did',
        ...doubt,
      };
}

/**
 * Names one changed dependency of a build, preferably a run-time one. Only that makes the build older: build
 * dependencies and compilers' runtime libraries change for nearly every build with each release.
 */
function blame(
  root: DagHash,
  below: ReadonlyMap<DagHash, Verdict>,
  { nodes, isRuntime }: Pick<Comparison, 'nodes' | 'isRuntime'>,
): Verdict {
  const needed = walk([root], (hash) => {
    const node = nodes.get(hash);
    return node ? runtimeDependencies(node).map((edge) => edge.hash) : [];
  });
  const older = needed.find((hash) => below.has(hash) && !isRuntime(nodes.get(hash)?.name ?? ''));
  const [first] = older === undefined ? below.values() : [below.get(older)];
  const { cause, reason = '' } = first ?? {};
  return {
    kind: 'different',
    reason: `it needs ${cause?.name}@${cause?.version}: ${reason}`,
    ...(older !== undefined && cause ? { cause } : {}),
  };
}

function judgeOne({ name, version, package_hash }: Node, state: RecipeState | undefined): Verdict {
  if (state === undefined)
    return {
      kind: 'unclear',
      reason: 'its recipe was not read: its repository is not available, or Spack cannot load it',
    };
  const newest = state.newest === '' || state.newest === version ? undefined : state.newest;
  const newer = newest === undefined ? '' : `; the newest is ${newest}`;
  const decide = (kind: Verdict['kind'], why: OlderCause['why'], reason: string): Verdict => ({
    kind,
    reason,
    cause: { why, name, version, ...(newest === undefined ? {} : { newest }) },
  });
  if (state.state === 'no recipe') return decide('removed', 'recipe-removed', 'its recipe no longer exists');
  if (state.state === 'no version')
    return decide('removed', 'version-removed', `its version is no longer in the recipe${newer}`);
  if (state.state === 'deprecated') {
    const why = state.reason === '' ? '' : `: ${state.reason}`;
    return decide('deprecated', 'deprecated', `its version is deprecated${why}${newer}`);
  }
  if (state.package_hash === null || state.package_hash !== package_hash)
    return decide('different', 'recipe', `its recipe, source or patches changed${newer}`);
  if (newest !== undefined) return decide('different', 'version', `a newer version is preferred: ${newest}`);
  return { kind: 'unclear', reason: '' };
}
