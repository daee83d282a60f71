import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DagHash } from '../../site/schemas/digest.ts';
import { LockFile, WholeLock } from '../../site/schemas/lock-file.ts';
import { hashesOf, targetOf } from '../../site/schemas/node.ts';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { readSolvedEnvironment, rootsFor } from '../catalog/solved-environment.ts';
import { expectSmall } from './plan-files.ts';
import { walk } from '../../site/lib/spack/dag.ts';

/** The system that a lock's roots are to be for. */
export interface LockSystem {
  microarchitecture: string;
  operatingSystem: string;
}

/**
 * What an environment was solved to before, for one target, the newest first: a lock that waits for its builds, then
 * the environment's own. Empty where the catalog has nothing of it.
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

/** Whether a solution is of the same specs as a lock: the owner has asked for no others since. */
export function asksForSame(recorded: string, solved: Pick<LockFile, 'roots'>): boolean {
  const list = ({ roots }: Pick<LockFile, 'roots'>) => JSON.stringify(roots.map(({ spec }) => spec).sort());
  return list(LockFile.parse(JSON.parse(recorded))) === list(solved);
}

/** Whether a lock that is known has the very roots of a solution. */
export function hasSameRoots(recorded: string | undefined, solved: Pick<LockFile, 'roots'>): boolean {
  if (recorded === undefined) return false;
  const list = ({ roots }: Pick<LockFile, 'roots'>) =>
    roots
      .map(({ hash }) => hash)
      .sort()
      .join();
  return list(LockFile.parse(JSON.parse(recorded))) === list(solved);
}

/**
 * The part of a lock that is for one target: an environment's lock in the catalog holds the roots of every target.
 * Nothing that was solved for another operating system. Throws when the text is not a lock.
 * @param recorded the roots of each target, as far as it is known
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
  const closure = walk(
    roots.map(({ hash }) => hash),
    (hash) => hashesOf(nodes[hash]),
  );
  const kept = new Set(closure);
  const concrete = Object.entries(whole.concrete_specs).filter(([hash]) => kept.has(hash));
  return JSON.stringify({ ...whole, roots, concrete_specs: Object.fromEntries(concrete) });
}
