import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { microarchitectureOf } from '../../site/schemas/build-cache-settings.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { Node, targetOf } from '../../site/schemas/node.ts';

const DAY_MS = 86_400_000;
const NodeArch = Node.pick({ arch: true });

/** Whether the catalog has a build of any version of a package for the target's microarchitecture. */
export function isCached(catalog: string, name: string, target: Target): boolean {
  const stems = list(join(catalog, 'builds', name)).filter((file) => file.endsWith('.json'));
  return stems.some((file) => {
    const node = join(catalog, 'specs', name, file.replace(/\.json$/, '.spec.json'));
    return existsSync(node) && targetOf(readJson(node, NodeArch)) === microarchitectureOf(target);
  });
}

/** Whether a package failed for a target in the days before a date. */
export function hasFailed(catalog: string, name: string, target: Target, days: number, date: Date): boolean {
  const folder = join(catalog, 'failures', name);
  return list(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => readJson(join(folder, file), Failure))
    .some(
      (failure) =>
        (failure.target === undefined || failure.target === target.name) &&
        date.getTime() - Date.parse(failure.date) < days * DAY_MS,
    );
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function readJson<T>(path: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Error(`${path}: not as the catalog has such files; restore it from git`, { cause });
  }
}
