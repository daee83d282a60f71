import { z } from 'zod';
import { Pin, Snapshot } from '../../schemas/kept-builds.ts';
import type { Build } from '../../schemas/build.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { parseYaml } from '../yaml.ts';

/** Reads one pin; `where` names its file in errors. */
export function parsePin(text: string, where: string): Pin {
  return parseKept(text, Pin, where);
}

/** Reads one snapshot; `where` names its file in errors. */
export function parseSnapshot(text: string, where: string): Snapshot {
  return parseKept(text, Snapshot, where);
}

function parseKept<T>(text: string, schema: z.ZodType<T>, where: string): T {
  const result = schema.safeParse(parseYaml(text, where));
  if (result.success) return result.data;
  throw new Error(`${where}: ${z.prettifyError(result.error)}; correct it, or remove the file`);
}

/** Resolves a pin: the builds that it names, and the entries without a build. */
export function resolvePin(
  pin: Pin,
  builds: ReadonlyMap<DagHash, Build>,
): { hashes: DagHash[]; missing: string[] } {
  const hashes = new Set(pin.hashes.filter((hash) => builds.has(hash)));
  const missing = pin.hashes.filter((hash) => !builds.has(hash)).map((hash) => `/${hash}`);
  for (const spec of pin.specs) {
    const [name, version] = spec.split(/@=?/);
    const matching = [...builds.values()].filter(
      (build) => build.name === name && (version === undefined || build.version === version),
    );
    for (const { hash } of matching) hashes.add(hash);
    if (matching.length === 0) missing.push(spec);
  }
  return { hashes: [...hashes], missing };
}
