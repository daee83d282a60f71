import type { Build } from '../../schemas/build.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { fileStem, hashesOf, runtimeDependencies, targetOf, type Node } from '../../schemas/node.ts';
import { nodeOf } from '../spack/database.ts';
import { viewName } from '../spack/view-name.ts';
import { walk, type Edges, type SpecNode } from '../spack/dag.ts';
import { compareTexts, compareVersions } from '../spack/versions.ts';
import { monthOf } from '../format.ts';

/** The view of everything: the same blob as the registry's `index.spack`. */
export const ALL_VIEW = 'all';

/** Names of the views of a node's target and operating system. */
export function platformViews(node: Node): string[] {
  return [viewName('target', targetOf(node)), viewName('os', node.arch.platform_os)];
}

/** Name of the view of builds published up to the end of a build's month. */
export function monthView(build: Build): string {
  return viewName('month', monthOf(build.published));
}

/** Sets of builds that get their own views; see `MirrorInput`. */
export interface NamedSets {
  environments: ReadonlyMap<string, readonly DagHash[]>;
  snapshots?: ReadonlyMap<string, readonly DagHash[]>;
}

/**
 * Views of environments, snapshots and releases of the recipes (builds solved with each), keyed by name: the
 * builds in each, with their run-time closure, as far as they have binaries.
 */
export function namedViews(
  { environments, snapshots = new Map() }: NamedSets,
  builds: readonly Build[],
  nodes: ReadonlyMap<DagHash, SpecNode>,
): Map<string, Set<DagHash>> {
  const hasBinary = new Set(builds.map(({ hash }) => hash));
  const edges = runtimeEdges(nodes);
  const views = new Map<string, Set<DagHash>>();
  const add = (view: string, roots: Iterable<DagHash>): void => {
    const present = [...roots].filter((root) => nodes.has(root));
    views.set(
      view,
      new Set([...(views.get(view) ?? []), ...runtimeClosure(present, nodes, hasBinary, edges)]),
    );
  };
  for (const [name, roots] of environments) add(viewName('env', name), roots);
  for (const [name, roots] of snapshots) add(viewName('snapshot', name), roots);
  for (const [release, members] of groupByRelease(builds))
    add(
      viewName('release', release),
      members.map(({ hash }) => hash),
    );
  return views;
}

/** Builds solved with each release of the recipes, the newest release first. */
export function groupByRelease(builds: Iterable<Build>): Map<string, Build[]> {
  const all = [...Map.groupBy(builds, ({ origin }) => origin.release ?? '')];
  const bare = (release: string): string => release.replace(/^v/, '');
  return new Map(
    all
      .filter(([release]) => release !== '')
      .sort(([a], [b]) => compareVersions(bare(b), bare(a)) || compareTexts(a, b)),
  );
}

/**
 * Views of the builds in a mirror's own index (given in the order of an index), sorted by name, each with its
 * builds in that order. Each view is closed: it includes the run-time dependencies of its builds.
 */
export function listViews(
  listed: readonly Build[],
  nodes: ReadonlyMap<DagHash, SpecNode>,
  environments: ReadonlyMap<string, ReadonlySet<DagHash>>,
  months: readonly string[],
): Map<string, DagHash[]> {
  const members = new Map<string, DagHash[]>(
    months.map((month) => [
      month,
      listed.filter((build) => monthView(build) <= month).map(({ hash }) => hash),
    ]),
  );
  for (const { hash } of listed) {
    for (const view of platformViews(nodeOf(hash, hash, nodes).node)) {
      if (!members.get(view)?.push(hash)) members.set(view, [hash]);
    }
  }
  const hashes = listed.map(({ hash }) => hash);
  const binaries = new Set(hashes);
  for (const [view, wanted] of environments)
    members.set(
      view,
      hashes.filter((hash) => wanted.has(hash)),
    );
  const edges = runtimeEdges(nodes);
  return new Map(
    [...members]
      .sort(([a], [b]) => compareTexts(a, b))
      .map(([view, roots]) => {
        const closure = runtimeClosure(roots, nodes, binaries, edges);
        return [view, hashes.filter((hash) => closure.has(hash))];
      }),
  );
}

/** A set of hashes that have a binary. */
export interface BinarySet {
  has(hash: DagHash): boolean;
}

/**
 * The part of the run-time closure of builds that has binaries, including the builds themselves. The closure
 * follows link and run edges, and from a spliced build the build it was made of. Externals have no binaries.
 */
export function runtimeClosure(
  roots: Iterable<DagHash>,
  nodes: ReadonlyMap<DagHash, SpecNode>,
  hasBinary: BinarySet,
  edges = runtimeEdges(nodes),
): Set<DagHash> {
  return new Set(walk(roots, edges).filter((hash) => hasBinary.has(hash)));
}

/** Edges of the run-time closure. Each node's are found once, since many closures contain it. */
export function runtimeEdges(nodes: ReadonlyMap<DagHash, SpecNode>): Edges {
  const cache = new Map<DagHash, readonly DagHash[]>();
  return (hash, dependent = hash) => {
    const earlier = cache.get(hash);
    if (earlier) return earlier;
    const { node } = nodeOf(hash, dependent, nodes);
    const edges = hashesOf({ ...node, dependencies: runtimeDependencies(node) });
    cache.set(hash, edges);
    return edges;
  };
}

/** Builds in the order of an index: by the paths of their manifests, compared by code unit. */
export function sortByManifest(builds: readonly Build[]): Build[] {
  return builds
    .map((build) => ({ build, path: `${build.name}/${fileStem(build)}` }))
    .sort((a, b) => compareTexts(a.path, b.path))
    .map(({ build }) => build);
}
