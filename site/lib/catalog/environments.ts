import type { Coverage, MissingSpec } from '../../schemas/api/coverage.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { machineOf, type Node } from '../../schemas/node.ts';
import { compilersOf, type Segment } from '../spack/spec-text.ts';
import { countFreshness, olderText, type FreshnessCount } from '../advisories/freshness.ts';
import { formatNumber } from '../format.ts';
import { tellApart } from './build-differences.ts';
import { coverLock, knownCache } from './coverage.ts';
import { environmentPath } from '../url.ts';
import type { SiteCatalog, CatalogEnvironment } from './site-catalog.ts';
import { viewName } from '../spack/view-name.ts';

/** State of an environment: its coverage, freshness and view. */
export interface EnvironmentState {
  environment: CatalogEnvironment;
  path: string;
  /** Absent: it was never concretized. */
  coverage?: Coverage | undefined;
  /** Number of missing specs whose build failed. */
  failed: number;
  /** The mirror's view of it. Absent: there is none. */
  view?: string | undefined;
  /** Number of its roots' builds by the result of their comparison with newer recipes. */
  freshness: FreshnessCount;
  /** Coverage of the solution with newer recipes that waits to be built. Absent: none waits. */
  waiting?: Pick<Coverage, 'needed' | 'available'> | undefined;
}

/** State of an environment in a catalog. */
export function describeEnvironmentState(
  environment: CatalogEnvironment,
  catalog: SiteCatalog,
): EnvironmentState {
  const { name, lock, next } = environment;
  const view = viewName('env', name);
  const cache = knownCache(catalog);
  const coverage = lock && coverLock(lock, cache);
  const hashes = new Set(lock?.roots.map(({ hash }) => hash));
  const roots = [...hashes].flatMap((hash) => catalog.builds.get(hash) ?? []);
  return {
    environment,
    path: environmentPath(name),
    coverage,
    failed: coverage?.missing.filter(({ reason }) => reason === 'failed').length ?? 0,
    ...(catalog.plan.views.has(view) ? { view } : {}),
    freshness: countFreshness(roots, catalog),
    ...(next ? { waiting: coverLock(next, cache) } : {}),
  };
}

/**
 * Sentences about newer recipes for an environment: roots that are older, and a newer solution that waits.
 */
export function environmentNotes(
  { environment: { release }, freshness, waiting }: EnvironmentState,
  catalog: SiteCatalog,
): string[] {
  const { older, unknown, current } = freshness.builds;
  const newest = catalog.comparison?.release ?? '';
  const roots = Object.values(freshness.builds).reduce((sum, count) => sum + count, 0);
  return [
    ...(older > 0 ? [`${olderText(freshness, catalog, 'root')}.`] : []),
    ...(newest !== '' && roots > 0 && older + unknown === 0
      ? [`${current === roots ? 'Current with' : 'Nothing newer in'} recipes ${newest}.`]
      : []),
    ...(waiting
      ? [
          `A newer solution${release ? ` with recipes ${release}` : ''} waits for ${waiting.needed - waiting.available} of ${formatNumber(waiting.needed, 'spec')} to be built.`,
        ]
      : []),
  ];
}

/** Reason, in words, why a spec is missing. */
export function explainMissing({ reason, instead = [], failure }: MissingSpec): string {
  switch (reason) {
    case 'failed':
      return `its build failed: ${failure?.kind ?? 'unknown'}`;
    case 'other-build':
      return 'there is a build with other variants or dependencies';
    case 'other-target':
      return `there are builds for ${instead.join(', ')}`;
    case 'other-version':
      return `there are other versions: ${instead.join(', ')}`;
    case 'never':
      return 'it was never built here';
  }
}

/** A root of an environment, with its differences from other roots of the same version. */
export interface EnvironmentRoot {
  spec: string;
  node: Node;
  /** `rocky9 icelake` */
  machine: string;
  /** Differences from roots of the same package, version and machine. */
  differs: Segment[];
  /** Details if it has no binary. Absent: it has one. */
  missing: MissingSpec | undefined;
}

/** Roots in the order of the lock. Each additional target adds another root for each spec. */
export function describeRoots({
  environment,
  coverage,
}: Pick<EnvironmentState, 'environment' | 'coverage'>): EnvironmentRoot[] {
  const missing = new Map(coverage?.missing.map((entry) => [entry.hash, entry]));
  const { roots = [], concrete_specs: specs = {} } = environment.lock ?? {};
  const nodes = new Map(Object.entries(specs).map(([hash, node]) => [hash, { node }]));
  const differs = rootDifferences(new Set(roots.map(({ hash }) => hash)), nodes);
  return roots.flatMap(({ spec, hash }) => {
    const node = nodes.get(hash)?.node;
    if (!node) return [];
    return {
      spec,
      node,
      machine: machineOf(node),
      differs: differs.get(hash) ?? [],
      missing: missing.get(hash),
    };
  });
}

function rootDifferences(
  hashes: ReadonlySet<DagHash>,
  nodes: ReadonlyMap<DagHash, { node: Node }>,
): Map<DagHash, Segment[]> {
  const roots = [...hashes].flatMap((hash) => nodes.get(hash)?.node ?? []);
  const alike = Map.groupBy(roots, (node) => `${node.name}@${node.version} ${machineOf(node)}`);
  const several = [...alike.values()].filter((group) => group.length > 1);
  return new Map(
    several.flatMap((group) => {
      const { own } = tellApart(group, nodes);
      const compilers = group.map((node) => compilerText(node, nodes));
      const compiled = new Set(compilers).size > 1;
      return group.map(({ hash }, index): [DagHash, Segment[]] => [
        hash,
        [
          ...(own[index] ?? []),
          ...(compiled
            ? [{ kind: 'compiler', gap: ' ', text: compilers[index] ?? '' } satisfies Segment]
            : []),
        ],
      ]);
    }),
  );
}

function compilerText(node: Node, nodes: ReadonlyMap<DagHash, { node: Node }>): string {
  return compilersOf(node, nodes)
    .map(({ name, version }) => `%${name}@${version}`)
    .join(' ');
}
