import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { hashesOf, targetOf } from '../../site/schemas/node.ts';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { readSolvedEnvironment } from '../catalog/solved-environment.ts';
import { expectSmall } from './read-limited.ts';
import { walk } from '../../site/lib/spack/dag.ts';

/** A lock with every key that Spack wrote. */
const WholeLock = z.looseObject({
  roots: z.array(z.looseObject({ hash: z.string() })),
  concrete_specs: z.record(z.string(), z.unknown()),
});

/** The system that a lock's roots are to be for. */
export interface LockSystem {
  microarchitecture: string;
  operatingSystem: string;
}

/**
 * What an environment was solved to before, for one system, the newest first: a lock that waits for its builds, then
 * the environment's own. Empty where the catalog has nothing of it.
 */
export function readEnvironmentLocks(catalog: string, name: string, system: LockSystem): string[] {
  const { next } = readSolvedEnvironment(catalog, name);
  const path = join(catalog, catalogPath('locks', name));
  const texts = next ? [JSON.stringify(next)] : [];
  if (existsSync(path)) {
    expectSmall(path);
    texts.push(readFileSync(path, 'utf8'));
  }
  return texts.flatMap((text) => pickSystem(text, system) ?? []);
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
 * The part of a lock that is for one system: an environment's lock in the catalog holds the roots of every target.
 * Throws when the text is not a lock.
 */
export function pickSystem(
  text: string,
  { microarchitecture, operatingSystem }: LockSystem,
): string | undefined {
  const data: unknown = JSON.parse(text);
  const whole = WholeLock.parse(data);
  const lock = LockFile.parse(data);
  const roots = whole.roots.filter(({ hash }) => {
    const node = lock.concrete_specs[hash];
    return node && targetOf(node) === microarchitecture && node.arch.platform_os === operatingSystem;
  });
  if (roots.length === 0) return undefined;
  const closure = walk(
    roots.map(({ hash }) => hash),
    (hash) => hashesOf(lock.concrete_specs[hash]),
  );
  const kept = new Set(closure);
  const concrete = Object.entries(whole.concrete_specs).filter(([hash]) => kept.has(hash));
  return JSON.stringify({ ...whole, roots, concrete_specs: Object.fromEntries(concrete) });
}
