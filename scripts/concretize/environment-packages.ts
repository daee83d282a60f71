import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isMap, isScalar, isSeq, type Document, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { askScript, type Spack } from '../spack/run-spack.ts';

/** Compilers that are found in /usr without being named, each with its installed version. */
const SYSTEM_COMPILERS = new Set(['gcc', 'llvm', 'apple-clang']);

/** Folders that every machine has, whether a package is in them or not. */
const SYSTEM_PREFIXES = new Set(['/', '/usr', '/usr/local']);

/**
 * Removes what an environment says about another machine's software: externals that are not here or have
 * another version, those of modules, and the sections of Spack before 0.17 for both. Packages that could only
 * come from there are then built.
 * @param notes gets one sentence for each package that changes, and one for externals that stay
 * @param states Spack's findings about externals in folders of the system
 * @returns externals that stay and are in such a folder
 */
export function adaptPackages(
  document: Document,
  notes: string[],
  states: ExternalStates = new Map(),
): External[] {
  const packages = document.getIn(['spack', 'packages']);
  if (!isMap(packages)) return [];
  const staying: string[] = [];
  const inSystem: External[] = [];
  const built: string[] = [];
  for (const { key, value } of packages.items) {
    if (!isMap(value)) continue;
    const name = String(key);
    if (name === 'all' && (value.delete('compiler') || value.delete('compiler:'))) {
      notes.push(
        'packages:all:compiler is not used: Spack 1.0 and newer ignore it; write %gcc@13 after a spec, or use packages:c:require',
      );
    }
    const { gone, kept, isFound, versions } = takeOutExternals(value, SYSTEM_COMPILERS.has(name), states);
    inSystem.push(...kept.filter(({ prefix }) => SYSTEM_PREFIXES.has(resolve(prefix))));
    if (isFound)
      notes.push(
        `packages:${name}: the one in /usr is used, in the version installed here, regardless of the environment`,
      );
    if (kept.length > 0) staying.push(name);
    if (gone.length === 0) continue;
    if (!value.has('externals') && !isFound) {
      const wasOnly = value.get('buildable') === false;
      if (wasOnly) value.delete('buildable');
      // The preferred version is then that of an external without one.
      if (wasOnly && versions.has('')) value.delete('version');
      leaveOutVersions(value, versions);
    }
    built.push(
      `${name} (${gone.slice(0, 1).join('')}${gone.length > 1 ? ` and ${gone.length - 1} more` : ''})`,
    );
  }
  if (built.length > 0)
    notes.push(
      `packages: externals that are not here are not used; these packages are built instead: ${built.join(', ')}`,
    );
  if (staying.length > 0) {
    notes.push(
      `packages: taken from the runner: ${staying.join(', ')}; machines that install from this cache need the same in the ` +
        'same place',
    );
  }
  const unknown = inSystem.filter((external) => states.get(externalKey(external)) === 'unknown');
  if (unknown.length > 0)
    notes.push(
      `packages: Spack cannot check whether these are here, and trusts the environment: ` +
        `${unknown.map(({ spec, prefix }) => `${spec} (${prefix})`).join(', ')}`,
    );
  return inSystem;
}

/**
 * Removes preferred versions of removed externals: Spack fails on one that neither a recipe nor an external
 * has.
 */
function leaveOutVersions(settings: YAMLMap, versions: ReadonlySet<string>): void {
  const preferred = settings.get('version');
  if (!isSeq(preferred)) return;
  preferred.items = preferred.items.filter((version) => !versions.has(textOf(version)));
  if (preferred.items.length === 0) settings.delete('version');
}

/** The text as written: 1.10 is not a number. */
function textOf(value: unknown): string {
  return isScalar(value) ? (value.source ?? String(value.value)) : String(value);
}

/**
 * Removes the externals of a package that are not here: returns their places and versions, and those that
 * stay.
 */
function takeOutExternals(
  settings: YAMLMap,
  isCompiler: boolean,
  states: ExternalStates,
): { gone: string[]; kept: External[]; isFound: boolean; versions: Set<string> } {
  const versions = new Set<string>();
  const noteVersion = (spec: unknown) => {
    const [, version = ''] = /@=?([^\s%+~^]+)/.exec(String(spec)) ?? [];
    versions.add(version);
  };
  const gone = ['paths', 'modules'].flatMap((name) => {
    const old = settings.get(name);
    if (!isMap(old)) return [];
    settings.delete(name);
    return old.items.map(({ key, value }) => {
      noteVersion(key);
      return String(value);
    });
  });
  const kept: External[] = [];
  let isFound = false;
  const externals = settings.get('externals');
  if (!isSeq(externals)) return { gone, kept, isFound, versions };
  for (const external of [...externals.items]) {
    if (!isMap(external)) continue;
    const modules = external.get('modules');
    const identity = { spec: String(external.get('spec')), prefix: String(external.get('prefix')) };
    const state = states.get(externalKey(identity)) ?? 'unknown';
    const isThere = ['here', 'unknown'].includes(state);
    const isHere = !isSeq(modules) && isAbsolute(identity.prefix) && existsSync(identity.prefix) && isThere;
    const place = isSeq(modules) ? `the module ${modules.items.map(String).join(' ')}` : identity.prefix;
    const isSystem = isCompiler && resolve(identity.prefix) === '/usr';
    isFound ||= isSystem;
    if (!isSystem && isHere) kept.push(identity);
    else if (!isSystem) gone.push(isThere || state === 'missing' ? place : `${place} has ${state}`);
    if (isHere && !isSystem) continue;
    externals.items.splice(externals.items.indexOf(external), 1);
    noteVersion(external.get('spec'));
  }
  if (externals.items.length === 0) settings.delete('externals');
  return { gone, kept, isFound, versions };
}

/** A package that an environment uses from a folder of the system. */
export interface External {
  spec: string;
  prefix: string;
}

/**
 * `here`, `missing`, `unknown` if Spack cannot detect it, or the versions found instead; by `externalKey`.
 */
export type ExternalStates = ReadonlyMap<string, string>;

/** Key of an external. */
export function externalKey({ spec, prefix }: External): string {
  return `${prefix} ${spec}`;
}

/** Lets Spack look for externals on this machine, or in the image of this job. */
export async function askForExternals(spack: Spack, externals: readonly External[]): Promise<ExternalStates> {
  if (externals.length === 0) return new Map();
  const states = await askScript(spack, 'external_state.py', JSON.stringify(externals), z.array(z.string()));
  return new Map(externals.map((external, at) => [externalKey(external), states[at] ?? 'unknown']));
}
