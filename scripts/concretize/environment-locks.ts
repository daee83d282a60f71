import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import { SolvedEnvironment, LockFile, WholeLock } from '../../site/schemas/lock-file.ts';
import { addFiles, listEntries, readCatalogFile, type NewFile } from '../catalog/catalog.ts';
import { annotate } from '../github/actions.ts';
import { hashesOf, targetOf, Node } from '../../site/schemas/node.ts';
import { expectSmall } from './plan-files.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import type { BuildRequest } from '../../site/schemas/build-request.ts';
import { listMissing } from './plan.ts';
import { checkShape, formatJson, parseJson } from '../../site/lib/json.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** The roots of newer locks that wait for their builds, keyed by environment. */
export function readNextRoots(catalog: string): Map<string, DagHash[]> {
  const rootsOf = (name: string) => readSolvedEnvironment(catalog, name).next?.roots ?? [];
  return new Map(
    listEntries(catalog, 'environments').map((name) => [name, rootsOf(name).map(({ hash }) => hash)]),
  );
}

/** Reads what an environment was solved with, and its newer lock; empty if nothing was recorded. */
export function readSolvedEnvironment(catalog: string, name: string): SolvedEnvironment {
  const empty = { targets: {}, roots: {}, nextRoots: {} };
  return readCatalogFile(catalog, catalogPath('solved', name), SolvedEnvironment) ?? empty;
}

/**
 * The roots of a lock that were solved for a target, as recorded; without a record, those of its system that
 * are not recorded for another target.
 */
export function rootsFor<Root extends { hash: DagHash }>(
  roots: readonly Root[],
  target: string,
  recorded: SolvedEnvironment['roots'],
  isOfSystem: (hash: DagHash) => boolean,
): Root[] {
  const own = ownValue(recorded, target);
  if (own) return roots.filter(({ hash }) => own.includes(hash));
  const others = new Set(Object.values(recorded).flat());
  return roots.filter(({ hash }) => !others.has(hash) && isOfSystem(hash));
}

/** The system that a lock's roots must be for. */
export interface LockSystem {
  microarchitecture: string;
  operatingSystem: string;
}

/**
 * Earlier locks of an environment for one target, newest first: a lock that waits for its builds, then the
 * environment's own. Empty when the catalog has neither.
 * @param target its name in the settings
 */
export function readEnvironmentLocks(
  catalog: string,
  name: string,
  target: string,
  system: LockSystem,
): string[] {
  const { next, roots, nextRoots } = readSolvedEnvironment(catalog, name);
  const path = join(catalog, catalogPath('locks', name));
  const waiting = next ? pickTarget(JSON.stringify(next), target, nextRoots, system) : undefined;
  if (existsSync(path)) expectSmall(path);
  const own = existsSync(path) ? pickTarget(readFileSync(path, 'utf8'), target, roots, system) : undefined;
  return [waiting, own].filter((text) => text !== undefined);
}

/** Whether the roots of a lock have the same hashes, or ask for the same specs, as those of a solution. */
export function hasSameRoots(
  key: 'hash' | 'spec',
  recorded: string,
  solved: Pick<LockFile, 'roots'>,
): boolean {
  const list = ({ roots }: Pick<LockFile, 'roots'>) => JSON.stringify(roots.map((root) => root[key]).sort());
  return list(LockFile.parse(JSON.parse(recorded))) === list(solved);
}

/**
 * The part of a lock for one target: an environment's lock in the catalog has the roots of every target.
 * Excludes roots for another operating system. Throws when the text is not a lock.
 * @param recorded the roots of each target, as far as they are known
 */
export function pickTarget(
  text: string,
  target: string,
  recorded: Record<string, DagHash[]>,
  { microarchitecture, operatingSystem }: LockSystem,
): string | undefined {
  const data: unknown = JSON.parse(text);
  const whole = WholeLock.parse(data);
  const { concrete_specs: nodes } = LockFile.parse(data);
  const isOfSystem = (hash: DagHash) =>
    nodes[hash] !== undefined && targetOf(nodes[hash]) === microarchitecture;
  const roots = rootsFor(whole.roots, target, recorded, isOfSystem).filter(
    ({ hash }) => nodes[hash]?.arch.platform_os === operatingSystem,
  );
  if (roots.length === 0) return undefined;
  return JSON.stringify(withRoots(whole, roots));
}

/** Facts that decide whether the lock of a run is recorded. */
interface LockCircumstances {
  catalogDirectory: string;
  /** Environments that the owner has changed or removed since they were solved. */
  changed: ReadonlySet<string>;
  /** Address of the workflow run. Absent outside GitHub. */
  run: string | undefined;
}

/**
 * Reason for not recording the lock of an environment, because a newer `spack.yaml` or run has precedence.
 * Undefined: record it.
 */
export function whyOutdated(
  { environment = '', target }: BuildRequest,
  { catalogDirectory, changed, run }: LockCircumstances,
): string | undefined {
  if (changed.has(environment))
    return `environment ${environment}: its spack.yaml has changed, so the lock of this run is not recorded`;
  const newer = ownValue(readSolvedEnvironment(catalogDirectory, environment).runs ?? {}, target);
  if (newer === undefined || run === undefined || !isNewerRun(newer, run)) return undefined;
  return `environment ${environment}: a newer run has recorded its lock for ${target}, so that of this run is not recorded: ${newer}`;
}

/** Compares the numbers of two runs, which GitHub counts up. */
function isNewerRun(run: string, than: string): boolean {
  const numberOf = (address: string) => Number(/\/actions\/runs\/(\d+)$/.exec(address)?.[1]);
  return numberOf(run) > numberOf(than);
}

/**
 * Returns a function that records the lock of an environment at each call, since a lock may wait for builds.
 * If another lock has precedence, that is reported at once and nothing is recorded. Does nothing for a
 * request without an environment.
 */
export function lockRecorder(
  request: BuildRequest,
  lockText: string,
  circumstances: LockCircumstances & { date: string },
): () => void {
  const { catalogDirectory } = circumstances;
  const outdated = request.environment === undefined ? undefined : whyOutdated(request, circumstances);
  if (outdated !== undefined) annotate('notice', outdated);
  return () => {
    if (request.environment !== undefined && outdated === undefined)
      addFiles(catalogDirectory, environmentFiles(request, lockText, catalogDirectory, circumstances));
  };
}

/**
 * The catalog's files of an environment after it was solved for one target. In its lock the roots of other
 * targets stay and those of this one are replaced. If a root would lose its binary, the lock stays and the
 * new one waits next to it, until a call after everything that had a binary has one again.
 */
export function environmentFiles(
  { environment: name = '', target, release, fresh }: BuildRequest,
  lockText: string,
  catalogDirectory: string,
  { date, run }: Pick<LockCircumstances, 'run'> & { date: string },
): NewFile[] {
  const path = catalogPath('locks', name);
  const file = join(catalogDirectory, path);
  const solved = parseLock(lockText, path);
  // Nothing was solved, so there is nothing to record.
  if (solved.roots.length === 0) return [];
  const recorded = existsSync(file) ? parseLock(readFileSync(file, 'utf8'), file) : undefined;
  const state = readSolvedEnvironment(catalogDirectory, name);
  const systems = new Set(solved.roots.map(({ hash }) => systemOf(solved, hash)));
  const before = recorded
    ? rootsFor(recorded.roots, target, state.roots, (hash) => systems.has(systemOf(recorded, hash)))
    : [];
  const isBuilt = (lock: WholeLock) => isBuiltIn(lock, catalogDirectory);
  const waits = recorded !== undefined && losesRoots({ ...recorded, roots: before }, solved, isBuilt);
  const hashes = solved.roots.map(({ hash }) => hash);
  const roots = { ...state.roots, [target]: waits ? before.map(({ hash }) => hash) : hashes };
  const { [target]: _, ...otherNext } = state.nextRoots;
  const nextRoots = waits ? { ...otherNext, [target]: hashes } : otherNext;
  const next = keepRoots([state.next, waits ? solved : undefined], Object.values(nextRoots).flat());
  const isWhole = release !== undefined && (fresh || before.length === 0);
  const targets = isWhole ? { ...state.targets, [target]: { release, date } } : state.targets;
  const { [target]: __, ...otherRuns } = state.runs ?? {};
  const runs = run === undefined ? otherRuns : { ...otherRuns, [target]: run };
  const changed: SolvedEnvironment = { targets, roots, runs, next, nextRoots };
  const replaced = new Set(before.map(({ hash }) => hash));
  const rest = recorded?.roots.map(({ hash }) => hash).filter((hash) => !replaced.has(hash)) ?? [];
  const lock = keepRoots([recorded, solved], [...rest, ...Object.values(roots).flat()]);
  return [
    ...(waits ? [] : [{ path, content: formatJson(lock), replace: true }]),
    { path: catalogPath('solved', name), content: formatJson(changed), replace: true },
  ];
}

/** Whether a root that both locks ask for is built in the recorded one and not in the solved one. */
function losesRoots(
  recorded: WholeLock,
  solved: WholeLock,
  isBuilt: (lock: WholeLock) => (hash: DagHash) => boolean,
): boolean {
  const wasBuilt = isBuilt(recorded);
  const isNowBuilt = isBuilt(solved);
  return recorded.roots.some(({ hash, spec }) => {
    const now = solved.roots.filter((root) => root.spec === spec);
    return now.some((root) => root.hash !== hash && !isNowBuilt(root.hash)) && wasBuilt(hash);
  });
}

/** Returns whether the catalog has a root of a lock and all its run-time dependencies. */
function isBuiltIn({ concrete_specs: specs }: WholeLock, catalog: string): (hash: DagHash) => boolean {
  const nodes = z.record(DagHash, Node).parse(specs);
  return (hash) => listMissing({ roots: [{ hash, spec: '' }], concrete_specs: nodes }, catalog).length === 0;
}

/**
 * A lock of some roots and their dependencies from several locks; undefined without any. Other keys come from
 * the last lock.
 */
function keepRoots(
  locks: readonly (WholeLock | undefined)[],
  kept: readonly DagHash[],
): WholeLock | undefined {
  const present = locks.filter((lock) => lock !== undefined);
  const wanted = new Set(kept);
  const requested = present.flatMap(({ roots }) => roots).filter(({ hash }) => wanted.has(hash));
  const roots = [...new Map(requested.map((root) => [`${root.hash} ${root.spec}`, root])).values()];
  const last = present.at(-1);
  if (last === undefined || roots.length === 0) return undefined;
  const all = Object.assign({}, ...present.map((lock) => lock.concrete_specs)) as WholeLock['concrete_specs'];
  return withRoots({ ...last, concrete_specs: all }, roots);
}

/** A lock of some roots of another one, with all their dependencies. */
function withRoots(lock: WholeLock, roots: WholeLock['roots']): WholeLock {
  const closure = new Set(closureOfLock({ ...lock, roots }));
  const concrete = Object.entries(lock.concrete_specs).filter(([hash]) => closure.has(hash));
  return { ...lock, roots, concrete_specs: Object.fromEntries(concrete) };
}

/** The roots of a lock and all their dependencies, even those missing in the lock. */
function closureOfLock({ roots, concrete_specs: nodes }: WholeLock): DagHash[] {
  const hashes = roots.map(({ hash }) => hash);
  return walk(hashes, (hash) => hashesOf(nodes[hash]));
}

function systemOf({ concrete_specs: specs }: WholeLock, hash: string): string {
  const { arch } = Node.parse(specs[hash]);
  return `${arch.platform}-${arch.platform_os}-${targetOf({ arch })}`;
}

function parseLock(text: string, where: string): WholeLock {
  const source = { where, expected: 'a spack.lock', advice: 'solve it again' };
  const lock = parseJson(text, WholeLock, source);
  // The catalog's readers accept no other nodes, and all of them fail on an unreadable lock.
  checkShape(lock, LockFile, source);
  const missing = closureOfLock(lock).find((hash) => lock.concrete_specs[hash] === undefined);
  if (missing !== undefined)
    throw new Error(
      `${where}: expected a spack.lock with all dependencies of its roots, found no /${missing}; solve it again`,
    );
  return lock;
}
