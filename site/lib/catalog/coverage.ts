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

/** How many alternatives are named for a missing spec. */
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
  /** Seconds that it took to build. Undefined: not known. */
  seconds: number | undefined;
}

/** What is told of something that was tried and did not build. */
type KnownFailure = Pick<Failure, 'name' | 'hash' | 'target' | 'kind' | 'date' | 'run'>;

/** What a cache has and what it tried. */
export interface KnownCache {
  builds: readonly KnownBuild[];
  /** The newest first. */
  failures: readonly KnownFailure[];
}

/**
 * How much of what an installation of these roots takes has a binary: the roots, what each needs at run time, and
 * for what has to be built what it needs for that. Throws when a node is missing.
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
 * Every node that an installation touches; an external's own dependencies are the system's.
 * @param builds the hashes that have a binary: only what the others need is needed to build, too
 * @param refuse whether it throws when a node is missing, instead of going on without it
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

/** Rounded down, so that 100 means all. */
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
    return { ...head, reason: 'failed', failure: { kind, date, ...(run === undefined ? {} : { run }) } };
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

/** A failure before the solver had an answer has no hash: then it is of a package and a target. */
function isOf(failure: KnownFailure, node: Node): boolean {
  if (failure.hash !== undefined) return failure.hash === node.hash;
  return failure.name === node.name && (failure.target ?? targetOf(node)) === targetOf(node);
}

/** The specs that an installation of a lock file takes, those that a cache has among them; externals left out. */
export function listNeeded(lock: LockFile, cache: KnownCache): DagHash[] {
  const builds = new Map(cache.builds.map((build) => [build.hash, build]));
  const roots = lock.roots.map(({ hash }) => hash);
  return listTouched(roots, new Map(Object.entries(lock.concrete_specs)), builds)
    .filter(({ external }) => !external)
    .map(({ hash }) => hash);
}

/** How much of a lock file has a binary. */
export function coverLock(lock: LockFile, cache: KnownCache): EnvironmentDocument['coverage'] {
  const roots = lock.roots.map(({ hash }) => hash);
  return measureCoverage(roots, new Map(Object.entries(lock.concrete_specs)), cache);
}

/** What a catalog has and what it tried. */
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
