import { compareTexts } from '../../site/lib/spack/versions.ts';
/** Variables of a run environment, keyed by name. */
export type Variables = Record<string, string>;

/** A run environment for an image, and the variables that were refused. */
export interface CheckedVariables {
  variables: Variables;
  refused: string[];
}

const SYSTEM_FOLDERS = ['/bin', '/sbin', '/usr', '/lib', '/lib64', '/etc', '/tmp', '/dev'];
/** Variables that make the loader or a shell run something before the requested program. */
const LOADER_VARIABLES =
  /^(?:LD_PRELOAD|LD_AUDIT|LD_DEBUG.*|GLIBC_TUNABLES|DYLD_.*|BASH_ENV|ENV|PROMPT_COMMAND)$/;
/** Variables that the image or the shell sets itself. */
const OWN_VARIABLES = /^(?:HOME|USER|PWD|OLDPWD|SHLVL|_|SPACK_ENV.*|HOSTNAME)$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Checks the run environment that a build job reported against the image's contents: build scripts ran in
 * that job, and the image may contain builds that they had no part in. A path must lead into a layer of the
 * image or into a folder that every system has.
 * @param prefixes install prefixes and views that the image contains
 */
export function checkVariables(reported: Variables, prefixes: readonly string[]): CheckedVariables {
  const folders = [...SYSTEM_FOLDERS, ...prefixes];
  const isInside = (path: string) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const variables: Variables = {};
  const refused: string[] = [];
  for (const [name, value] of Object.entries(reported).sort(([a], [b]) => compareTexts(a, b))) {
    if (OWN_VARIABLES.test(name)) continue;
    const paths = value.split(/[:;\s=,]+/).filter((part) => part.startsWith('/'));
    const isFine =
      !LOADER_VARIABLES.test(name) &&
      !CONTROL.test(value) &&
      (!isPathList(name) || value.split(':').every((part) => part === '' || part.startsWith('/'))) &&
      paths.every((path) => isInside(path) && !path.split('/').includes('..'));
    if (isFine) variables[name] = value;
    else refused.push(name);
  }
  return { variables, refused };
}

/**
 * Joins the environments of several builds and of the base image into the `Env` of an image config. Lists of
 * paths are joined without duplicates; for other variables the first value wins.
 */
export function joinVariables(environments: readonly Variables[], base: readonly string[]): string[] {
  const joined = new Map<string, string>();
  const fromBase = Object.fromEntries(base.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  for (const [name, value] of [...environments, fromBase].flatMap((variables) => Object.entries(variables))) {
    const earlier = joined.get(name);
    if (earlier === undefined) joined.set(name, String(value));
    else if (isPathList(name))
      joined.set(name, [...new Set(`${earlier}:${String(value)}`.split(':'))].join(':'));
  }
  const path = joined.get('PATH');
  if (path !== undefined) joined.set('PATH', systemFoldersLast(path));
  return [...joined].sort(([a], [b]) => compareTexts(a, b)).map(([name, value]) => `${name}=${value}`);
}

function isPathList(name: string): boolean {
  return /PATH$|_DIRS$/.test(name);
}

/**
 * Moves the system's folders to the end: each environment's own PATH ends with them, in front of the next
 * one's.
 */
function systemFoldersLast(path: string): string {
  const parts = path.split(':').filter(Boolean);
  const isSystem = (part: string) => /^\/(?:usr\/(?:local\/)?)?s?bin$/.test(part);
  return [...parts.filter((part) => !isSystem(part)), ...parts.filter(isSystem)].join(':');
}
