import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { parseYaml } from '../../site/lib/yaml.ts';
import { isEnvironmentName } from '../../site/schemas/build-request.ts';
import { listNames } from '../cli/files.ts';

/** The part of a `spack.yaml` that identifies it; Spack checks the rest. */
const SpackYaml = z.object({ spack: z.record(z.string(), z.unknown()) });

/** The names of the owner's environments, sorted; empty for a catalog without environments. */
export function listEnvironments(catalog: string): string[] {
  return listFiles(catalog)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .filter(isEnvironmentName);
}

/** One sentence for each file that looks like an environment but has the wrong place or name. */
export function findMisplaced(catalog: string): string[] {
  const folder = join(catalog, 'environments');
  return listFiles(catalog).flatMap((file) => {
    const isFolder = existsSync(join(folder, file, 'spack.yaml'));
    const name = isFolder ? file : file.replace(/\.ya?ml$/, '');
    if (!isFolder && (name === file || (file.endsWith('.yaml') && isEnvironmentName(name)))) return [];
    const better = `${
      name
        .replaceAll(/[^\w-]+/g, '-')
        .replaceAll(/_+/g, '_')
        .replace(/^[-_]+/, '') || 'stack'
    }.yaml`;
    const yamlFile = isFolder ? join(file, 'spack.yaml') : file;
    return [
      `${join(folder, yamlFile)} is not built: expected <name>.yaml there, with letters, digits, single _ and - as its name; ` +
        `rename it, for example to ${better}.`,
    ];
  });
}

/**
 * One sentence for each lock without an environment, as after a rename: it stays published, with its builds,
 * until the owner removes it.
 */
export function findLeftBehind(catalog: string): string[] {
  const names = new Set(listEnvironments(catalog));
  return listFiles(catalog).flatMap((file) => {
    const [, name] = /^(.+)\.lock\.json$/.exec(file) ?? [];
    if (name === undefined || names.has(name)) return [];
    return [
      `environments/${file} belongs to an environment that no longer exists: its page, its view and its builds are ` +
        `kept. Remove it and ${name}.solved.json when nobody installs from it.`,
    ];
  });
}

function listFiles(catalog: string): string[] {
  return listNames(join(catalog, 'environments'))
    .filter((file) => !file.startsWith('.'))
    .sort();
}

/** Throws when a catalog has no environment of that name, and lists the names that it has. */
export function expectEnvironment(catalog: string, name: string): void {
  if (isEnvironmentName(name) && existsSync(join(catalog, catalogPath('environments', name)))) return;
  const names = listEnvironments(catalog).join(', ') || 'none yet';
  throw new Error(
    `environment "${name.slice(0, 100)}": expected one of those in ${join(catalog, 'environments')}, which are: ` +
      `${names}; add a spack.yaml there as ${name.slice(0, 100)}.yaml`,
  );
}

/** Reads an environment's `spack.yaml` as text. Throws when it is missing or not an environment. */
export function readEnvironment(catalog: string, name: string): string {
  expectEnvironment(catalog, name);
  const path = join(catalog, catalogPath('environments', name));
  const text = readFileSync(path, 'utf8');
  if (!SpackYaml.safeParse(parseYaml(text, path)).success) {
    throw new Error(`${path}: expected a Spack environment, whose outermost key is "spack:"`);
  }
  return text;
}
