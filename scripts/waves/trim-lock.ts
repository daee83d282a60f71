import { hashesOf } from '../../site/schemas/node.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { walk, type SpecNode } from '../../site/lib/spack/dag.ts';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { composeLock } from './part-folder.ts';

/**
 * Takes out of a part's lock what cannot be built, since something that it needs was not handed on: Spack would build that
 * itself, in each job that needs it. Undefined when nothing is left.
 * @param planned what the part builds
 * @param missing hashes that it was to take from earlier waves and that are not there
 */
export function trimLock(
  lockText: string,
  planned: ReadonlySet<DagHash>,
  missing: ReadonlySet<DagHash>,
): string | undefined {
  if (missing.size === 0) return lockText;
  const lock = LockFile.parse(JSON.parse(lockText));
  const needsOf = (hash: DagHash) => hashesOf(lock.concrete_specs[hash]);
  const kept = [...planned].filter((hash) => !walk([hash], needsOf).some((one) => missing.has(one)));
  if (kept.length === 0) return undefined;
  const needed = new Set(kept.flatMap(needsOf));
  const specs = new Map(lock.roots.map(({ hash, spec }) => [hash, spec]));
  const roots = kept
    .filter((hash) => !needed.has(hash) || specs.has(hash))
    .map((hash) => {
      const { name = '', version = '' } = lock.concrete_specs[hash] ?? {};
      return { hash, spec: specs.get(hash) ?? `${name}@=${version}` };
    });
  const texts = splitObject(splitObject(lockText).get('concrete_specs') ?? '{}');
  const closure = walk(
    roots.map(({ hash }) => hash),
    needsOf,
  );
  return composeLock(lockText, roots, closure, texts);
}

/** The nodes of a lock, each with its text. */
export function lockNodes(lockText: string): Map<DagHash, SpecNode> {
  const { concrete_specs: nodes } = LockFile.parse(JSON.parse(lockText));
  const texts = splitObject(splitObject(lockText).get('concrete_specs') ?? '{}');
  return new Map(Object.entries(nodes).map(([hash, node]) => [hash, { node, text: texts.get(hash) ?? '' }]));
}
