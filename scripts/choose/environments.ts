import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { listNames } from '../cli/files.ts';

/** The part of a `spack.yaml` that decides whether it is one; the rest is Spack's to judge. */
const SpackYaml = z.object({ spack: z.record(z.string(), z.unknown()) });

/** Where the catalog keeps an owner's environment. */
function stackPath(catalog: string, name: string): string {
  return join(catalog, 'environments', `${name}.yaml`);
}

/** The names of the owner's environments, sorted; a catalog without any has none. */
export function listEnvironments(catalog: string): string[] {
  const folder = join(catalog, 'environments');
  return listNames(folder)
    .filter((file) => file.endsWith('.yaml') && !file.startsWith('.'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** Reads an environment's `spack.yaml` as text. Throws when there is none of that name, or when it is not one. */
export function readEnvironment(catalog: string, name: string): string {
  const path = stackPath(catalog, name);
  if (!/^[\w-]+$/.test(name) || !existsSync(path)) {
    const names = listEnvironments(catalog).join(', ') || 'none yet';
    throw new Error(
      `environment "${name.slice(0, 100)}": expected one of those in ${join(catalog, 'environments')}, which are: ` +
        `${names}; add a spack.yaml there as ${name.slice(0, 100)}.yaml`,
    );
  }
  const text = readFileSync(path, 'utf8');
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw new Error(`${path}: expected YAML; correct this: ${error.message.trim()}`);
  if (!SpackYaml.safeParse(document.toJS({ maxAliasCount: 100 })).success) {
    throw new Error(`${path}: expected a Spack environment, whose outermost key is "spack:"`);
  }
  return text;
}
