import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Node, targetOf } from '../../site/schemas/node.ts';
import type { NewFile } from '../catalog/new-files.ts';
import { formatJson, parseJson } from '../../site/lib/json.ts';
import { walk } from '../../site/lib/spack/dag.ts';

/** A lock with every key that Spack wrote: what is passed on is passed on untouched. */
const WholeLock = z.looseObject({
  roots: z.array(z.looseObject({ hash: z.string() })),
  concrete_specs: z.record(z.string(), z.looseObject({ dependencies: Node.shape.dependencies })),
});
type WholeLock = z.infer<typeof WholeLock>;

/**
 * The catalog's lock of an environment after it was solved for one system: the roots of other systems stay, those of
 * this one are replaced.
 */
export function environmentFile(name: string, lockText: string, catalogDirectory: string): NewFile {
  const path = `environments/${name}.lock.json`;
  const file = join(catalogDirectory, path);
  const solved = parseLock(lockText, path);
  const recorded = existsSync(file) ? parseLock(readFileSync(file, 'utf8'), file) : undefined;
  const merged = recorded ? mergeLocks(recorded, solved) : solved;
  return { path, content: formatJson(merged), replace: true };
}

/** The pure part of `environmentFile`. */
export function mergeLocks(recorded: WholeLock, solved: WholeLock): WholeLock {
  const systems = new Set(solved.roots.map(({ hash }) => systemOf(solved, hash)));
  const roots = [
    ...recorded.roots.filter(({ hash }) => !systems.has(systemOf(recorded, hash))),
    ...solved.roots,
  ];
  const all = { ...recorded.concrete_specs, ...solved.concrete_specs };
  const closure = walk(
    roots.map(({ hash }) => hash),
    (hash) => (all[hash]?.dependencies ?? []).map((dependency) => dependency.hash),
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
