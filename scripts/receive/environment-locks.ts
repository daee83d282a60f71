import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import type { BuildRequest } from '../../site/schemas/build-request.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import { WholeLock, type SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { readSolvedEnvironment } from '../catalog/solved-environment.ts';
import { listMissing } from '../concretize/plan.ts';
import { hashesOf, Node, targetOf } from '../../site/schemas/node.ts';
import type { NewFile } from '../catalog/new-files.ts';
import { formatJson, parseJson } from '../../site/lib/json.ts';
import { walk } from '../../site/lib/spack/dag.ts';

/**
 * The catalog's files of an environment after it was solved for one system: in its lock the roots of other systems
 * stay, those of this one are replaced. Where a root has a binary that it would lose by that, the lock stays as it is,
 * and the new one waits beside it: until a call after everything that was there is built of it, too.
 */
export function environmentFiles(
  { environment: name = '', target, release, fresh }: BuildRequest,
  lockText: string,
  catalogDirectory: string,
  date: string,
): NewFile[] {
  const path = catalogPath('locks', name);
  const file = join(catalogDirectory, path);
  const solved = parseLock(lockText, path);
  const recorded = existsSync(file) ? parseLock(readFileSync(file, 'utf8'), file) : undefined;
  const state = readSolvedEnvironment(catalogDirectory, name);
  const systems = systemsOf(solved);
  const before = recorded?.roots.filter(({ hash }) => systems.has(systemOf(recorded, hash))) ?? [];
  const isBuilt = (lock: WholeLock) => isBuiltIn(lock, catalogDirectory);
  const waits = recorded !== undefined && losesRoots({ ...recorded, roots: before }, solved, isBuilt);
  const rest = state.next && withoutSystems(state.next, systems);
  const next = waits ? (rest ? mergeLocks(rest, solved) : solved) : rest;
  const isWhole = release !== undefined && (fresh || before.length === 0);
  const targets = isWhole ? { ...state.targets, [target]: { release, date } } : state.targets;
  const changed: SolvedEnvironment = { targets, ...(next && next.roots.length > 0 ? { next } : {}) };
  const lock = { path, content: formatJson(recorded ? mergeLocks(recorded, solved) : solved), replace: true };
  const isEmpty = Object.keys(targets).length === 0 && !changed.next && !state.next;
  return [
    ...(waits ? [] : [lock]),
    ...(isEmpty ? [] : [{ path: catalogPath('solved', name), content: formatJson(changed), replace: true }]),
  ];
}

/** Whether a root that is asked for in both locks is built in the recorded one and not in the solved one. */
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

/** Tells whether the catalog has a root of a lock and all that it needs to run. */
function isBuiltIn({ concrete_specs: specs }: WholeLock, catalog: string): (hash: DagHash) => boolean {
  const nodes = z.record(DagHash, Node).parse(specs);
  return (hash) => listMissing({ roots: [{ hash, spec: '' }], concrete_specs: nodes }, catalog).length === 0;
}

function withoutSystems(lock: WholeLock, systems: ReadonlySet<string>): WholeLock {
  return mergeLocks({ ...lock, roots: lock.roots.filter(({ hash }) => !systems.has(systemOf(lock, hash))) });
}

function systemsOf(lock: WholeLock): Set<string> {
  return new Set(lock.roots.map(({ hash }) => systemOf(lock, hash)));
}

/** Puts locks of several systems into one, each system as the later lock has it. */
export function mergeLocks(recorded: WholeLock, solved: WholeLock = { ...recorded, roots: [] }): WholeLock {
  const systems = systemsOf(solved);
  const roots = [
    ...recorded.roots.filter(({ hash }) => !systems.has(systemOf(recorded, hash))),
    ...solved.roots,
  ];
  const all = { ...recorded.concrete_specs, ...solved.concrete_specs };
  const closure = walk(
    roots.map(({ hash }) => hash),
    (hash) => hashesOf(all[hash]),
  );
  const kept = new Set(closure);
  const concrete = Object.entries(all).filter(([hash]) => kept.has(hash));
  return { ...solved, roots, concrete_specs: Object.fromEntries(concrete) };
}

function systemOf({ concrete_specs: specs }: WholeLock, hash: string): string {
  const { arch } = Node.parse(specs[hash]);
  return `${arch.platform}-${arch.platform_os}-${targetOf({ arch })}`;
}

function parseLock(text: string, where: string): WholeLock {
  return parseJson(text, WholeLock, { where, expected: 'a spack.lock', advice: 'solve it again' });
}
