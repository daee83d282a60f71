import type { Coverage, MissingReason, MissingSpec } from '../../schemas/api/coverage.ts';
import type { DagHash } from '../../schemas/digest.ts';
import type { Failure } from '../../schemas/failure.ts';
import { targetOf, type Node } from '../../schemas/node.ts';
import { compareTexts, compareVersions } from '../spack/versions.ts';
import type { EnvironmentDocument } from '../../schemas/api/environment-document.ts';
import type { LockFile } from '../../schemas/lock-file.ts';
import type { SiteCatalog } from './site-catalog.ts';
import { walk } from '../spack/dag.ts';
import { buildSystemOf, kindOf, learnTimes, sumTimes } from '../times/build-times.ts';

/** Maximum number of alternatives shown for a missing spec. */
const ALTERNATIVES = 5;

/** A build that a cache has. */
export interface KnownBuild {
  hash: DagHash;
  name: string;
  version: string;
  target: string;
  /** Bytes of the tarball. */
  size: number;
  /** `cmake`, `autotools` …; empty: not known. */
  buildSystem: string;
  /** Build time in seconds. Undefined: not known. */
  seconds: number | undefined;
}

/** The known facts about a failed build. */
type KnownFailure = Pick<Failure, 'name' | 'hash' | 'target' | 'kind' | 'date' | 'run'>;

/** Builds and failures of a cache. */
export interface KnownCache {
  builds: readonly KnownBuild[];
  /** The newest first. */
  failures: readonly KnownFailure[];
}

/**
 * Measures how many of the specs needed to install these roots have a binary: the roots, their run-time
 * dependencies, and build dependencies of those that must be built. Throws if a node is missing.
 */
export function measureCoverage(
  roots: readonly DagHash[],
  nodes: ReadonlyMap<DagHash, Node>,
  cache: KnownCache,
): Coverage {
  const builds = new Map(cache.builds.map((build) => [build.hash, build]));
  const byName = Map.groupBy(cache.builds, ({ name }) => name);
  const visited = listTouched(roots, nodes, builds);
  const needed = visited.filter(({ external }) => !external);
  const available = needed.flatMap(({ hash }) => builds.get(hash) ?? []);
  const missing = needed.filter(({ hash }) => !builds.has(hash));
  return {
    needed: needed.length,
    available: available.length,
    percent: percentOf(available.length, needed.length),
    downloadSize: available.reduce((sum, { size }) => sum + size, 0),
    externals: visited.length - needed.length,
    time: sumTimes(missing.map(kindOf), learnTimes(cache.builds.flatMap(withSeconds))),
    missing: missing
      .map((node) => explain(node, byName.get(node.name) ?? [], cache.failures))
      .sort(
        (left, right) =>
          compareTexts(left.name, right.name) ||
          compareVersions(right.version, left.version) ||
          compareTexts(left.hash, right.hash),
      ),
  };
}

/**
 * All nodes that an installation involves, without the dependencies of externals.
 * @param builds hashes with a binary, whose build dependencies are not needed
 * @param refuse whether to throw if a node is missing, instead of continuing without it
 */
export function listTouched(
  roots: readonly DagHash[],
  nodes: ReadonlyMap<DagHash, Node>,
  builds: { has(hash: DagHash): boolean },
  refuse = true,
): Node[] {
  const needed = new Map<DagHash, Node>();
  walk(roots, (hash, from) => {
    const node = nodes.get(hash);
    if (!node && !refuse) return [];
    if (!node) {
      const reason = from === undefined ? 'a root' : `needed by ${needed.get(from)?.name}/${from}`;
      throw new Error(`expected the spec /${hash} among the others, since it is ${reason}; found none`);
    }
    needed.set(hash, node);
    if (node.external) return [];
    const wanted = builds.has(hash) ? ['link', 'run'] : ['link', 'run', 'build'];
    return node.dependencies
      .filter(({ parameters }) => parameters.deptypes.some((type) => wanted.includes(type)))
      .map((dependency) => dependency.hash);
  });
  return [...needed.values()];
}

function withSeconds(build: KnownBuild): (KnownBuild & { seconds: number })[] {
  const { seconds } = build;
  return seconds === undefined ? [] : [{ ...build, seconds }];
}

/** A percentage, rounded down so that 100 means all. */
function percentOf(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((1000 * part) / whole) / 10;
}

function explain(node: Node, builds: readonly KnownBuild[], failures: KnownCache['failures']): MissingSpec {
  const { hash, name, version } = node;
  const target = targetOf(node);
  const head = { hash, name, version, target };
  const failure = failures.find((failed) => isOf(failed, node));
  if (failure) {
    const { kind, date, run } = failure;
    return { ...head, reason: 'failed', failure: { kind, date, run } };
  }
  const sameVersion = builds.filter((build) => build.version === version);
  const sameTarget = sameVersion.filter((build) => build.target === target);
  const others: [MissingReason, string[]][] = [
    ['other-build', sameTarget.map((build) => build.hash)],
    ['other-target', sameVersion.map((build) => build.target)],
    ['other-version', builds.map((build) => build.version).sort((a, b) => compareVersions(b, a))],
  ];
  const [reason, instead] = others.find(([, candidates]) => candidates.length > 0) ?? ['never'];
  return { ...head, reason, ...(instead ? { instead: [...new Set(instead)].slice(0, ALTERNATIVES) } : {}) };
}

/** Whether a failure is of a node. One from before concretization has no hash, only package and target. */
function isOf(failure: KnownFailure, node: Node): boolean {
  if (failure.hash !== undefined) return failure.hash === node.hash;
  return failure.name === node.name && (failure.target ?? targetOf(node)) === targetOf(node);
}

/** Specs needed to install a lock file, including those that the cache has, without externals. */
export function listNeeded(lock: LockFile, cache: KnownCache): DagHash[] {
  const builds = new Map(cache.builds.map((build) => [build.hash, build]));
  const roots = lock.roots.map(({ hash }) => hash);
  return listTouched(roots, new Map(Object.entries(lock.concrete_specs)), builds)
    .filter(({ external }) => !external)
    .map(({ hash }) => hash);
}

/** Measures how much of a lock file has a binary. */
export function coverLock(lock: LockFile, cache: KnownCache): EnvironmentDocument['coverage'] {
  const roots = lock.roots.map(({ hash }) => hash);
  return measureCoverage(roots, new Map(Object.entries(lock.concrete_specs)), cache);
}

/** Builds and failures of a catalog. */
export function knownCache(catalog: SiteCatalog): KnownCache {
  return {
    builds: [...catalog.builds.values()].map(({ build: { hash, name, version, tarball, times }, node }) => ({
      hash,
      name,
      version,
      target: targetOf(node),
      size: tarball.size,
      buildSystem: buildSystemOf(node),
      seconds: times?.total,
    })),
    failures: catalog.failures,
  };
}
