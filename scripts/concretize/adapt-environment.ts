import { isAbsolute, join, relative, resolve } from 'node:path';
import { isMap, isScalar, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { readEnvironment } from '../choose/environments.ts';
import { takeIncludes, type EnvironmentPlace } from './include-files.ts';

/** An owner's `spack.yaml` as it is solved and built here. */
export interface AdaptedEnvironment {
  /** The same text where nothing had to go. */
  text: string;
  /** One sentence for each thing that is not used. */
  notes: string[];
  /** One sentence for each thing that cannot be left out without building something else than was meant. */
  refusals: string[];
}

/** Sections that are about the owner's own machine, and what this cache does in their place. */
const LEFT_OUT: Record<string, string> = {
  upstreams: 'installations on your machine do not exist here; what they have is built',
  modules: 'module files are made where binaries are installed',
  bootstrap: 'Spack brings its own tools here',
  compilers:
    'this section is of Spack before 1.0 and names paths of your machine; the compilers found here are used',
};
/** Of `config`: where things lie, and how much of a machine is used. */
const LEFT_OUT_OF_CONFIG: Record<string, string> = {
  install_tree: 'all binaries of this cache have one install root and padding',
  build_stage: 'builds have a folder of their own here',
  test_stage: 'tests have a folder of their own here',
  source_cache: 'sources have a folder of their own here',
  misc_cache: 'indexes have a folder of their own here',
  environments_root: 'environments have a folder of their own here',
  license_dir: 'license files of your machine are not here',
  installer: 'the setting "installer" of this cache decides',
};
const CREDENTIALS = ['access_pair', 'access_token', 'access_token_variable', 'profile'];

/** Reads an environment of the catalog, and adapts it. Throws when there is none of that name, or when it is not one. */
export function adaptStored(catalog: string, name: string): AdaptedEnvironment {
  return adaptEnvironment(readEnvironment(catalog, name), {
    file: join(catalog, catalogPath('environments', name)),
    root: findRoot(catalog),
  });
}

/** The repository that a catalog is in: that of the working folder, where it is below it. */
function findRoot(catalog: string): string {
  const below = relative(process.cwd(), resolve(catalog));
  return below.startsWith('..') || isAbsolute(below) ? catalog : process.cwd();
}

/**
 * Takes into an environment what it includes of the repository, and out of it what belongs to its owner's machine. Says
 * what that is, and what Spack takes from the network.
 */
export function adaptEnvironment(text: string, place: EnvironmentPlace): AdaptedEnvironment {
  const document = parseDocument(text);
  const notes: string[] = [];
  const hasIncludes = document.getIn(['spack', 'include']) !== undefined;
  const refusals = takeIncludes(document, place, notes);
  const leaveOut = (path: string[], reason: string) => {
    if (document.getIn(path) === undefined) return;
    document.deleteIn(path);
    notes.push(`${path.slice(1).join(':')} is not used: ${reason}`);
  };
  for (const [name, reason] of Object.entries(LEFT_OUT)) leaveOut(['spack', name], reason);
  for (const [name, reason] of Object.entries(LEFT_OUT_OF_CONFIG))
    leaveOut(['spack', 'config', name], reason);
  const config = document.getIn(['spack', 'config']);
  if (isMap(config) && config.items.length === 0) document.deleteIn(['spack', 'config']);
  leaveOutViews(document, notes);
  return {
    text: notes.length === 0 && !hasIncludes ? text : String(document),
    notes: [...notes, ...findRemote(document)],
    refusals: [
      ...refusals,
      ...refuseMirrors(document),
      ...refuseDevelop(document),
      ...refuseLocks(document),
      ...refuseRepositories(document),
    ],
  };
}

/** Views outside the environment's own folder: the container gets one of its own. */
function leaveOutViews(document: Document, notes: string[]): void {
  const view = document.getIn(['spack', 'view'], true);
  const reason = 'this folder is of your machine; containers of this cache have a view of their own';
  if (isScalar(view) && typeof view.value === 'string') {
    document.setIn(['spack', 'view'], false);
    notes.push(`view: ${view.value} is not used: ${reason}`);
  }
  if (!isMap(view)) return;
  for (const { key } of [...view.items]) {
    const name = String(key);
    const root = document.getIn(['spack', 'view', name, 'root']);
    if (typeof root !== 'string' || !/^[/~$]/.test(root)) continue;
    document.deleteIn(['spack', 'view', name]);
    notes.push(`view:${name}: ${root} is not used: ${reason}`);
  }
  const rest = document.getIn(['spack', 'view']);
  if (isMap(rest) && rest.items.length === 0) document.setIn(['spack', 'view'], false);
}

function refuseMirrors(document: Document): string[] {
  const mirrors = document.getIn(['spack', 'mirrors']);
  if (!isMap(mirrors)) return [];
  return mirrors.items.flatMap(({ key, value }) => {
    const name = String(key);
    const address = isScalar(value)
      ? String(value.value)
      : JSON.stringify(isMap(value) ? value.toJSON() : '');
    const secret = isMap(value) ? findCredentials(value) : undefined;
    const hasPassword = /:\/\/[^/\s"@]+:[^/\s"@]+@/.test(address);
    if (secret === undefined && !hasPassword) return [];
    return [
      `mirrors:${name} has credentials (${secret ?? 'a password in its address'}): a build of other people's scripts ` +
        'must not have them; take the mirror out of the environment, or use one that everybody may read',
    ];
  });
}

function findCredentials(map: YAMLMap): string | undefined {
  for (const { key, value } of map.items) {
    if (CREDENTIALS.includes(String(key))) return String(key);
    const inner = isMap(value) ? findCredentials(value) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function refuseDevelop(document: Document): string[] {
  const develop = document.getIn(['spack', 'develop']);
  if (!isMap(develop) || develop.items.length === 0) return [];
  const names = develop.items.map(({ key }) => String(key)).join(', ');
  return [
    `develop (${names}) builds from a folder, whose path becomes a part of the DAG hash, so that nobody could use the ` +
      'binary: take it out, and name a version that can be fetched',
  ];
}

function refuseLocks(document: Document): string[] {
  const locks = listOf(document, 'include_concrete');
  if (locks.length === 0) return [];
  return [
    `include_concrete (${locks.join(', ')}) takes the lock of another environment, which is of another machine: take it ` +
      'out, and put the specs of that environment into this one; what is solved alike is built once',
  ];
}

/** The recipe repositories of an environment: by name, or in a list. */
function listRepositories(document: Document): { name: string; address: string; isPinned: boolean }[] {
  const repos = document.getIn(['spack', 'repos']);
  if (!isMap(repos)) return listOf(document, 'repos').map((address) => describeRepository('', address));
  return repos.items.map(({ key, value }) =>
    describeRepository(
      `:${String(key)}`,
      isMap(value) ? String(value.get('git')) : String(isScalar(value) ? value.value : ''),
      isMap(value) && (value.has('commit') || value.has('tag')),
    ),
  );
}

function describeRepository(name: string, address: string, isPinned = false) {
  return { name: `repos${name}`, address, isPinned };
}

const IS_ADDRESS = /^(?:[a-z][a-z0-9+.-]*:\/\/|[^/\s]+@[^/\s]+:)/;

/** Folders of recipes: a build job does not have those of the owner's machine, and reads those of the repository. */
function refuseRepositories(document: Document): string[] {
  return listRepositories(document)
    .filter(({ address }) => !IS_ADDRESS.test(address) && !address.startsWith('$spack'))
    .map(
      ({ name, address }) =>
        `${name}: ${address} is a folder of recipes: take it out, and name that folder of the repository in the variable ` +
        'OWN_PACKAGES, or give a git address',
    );
}

/** What Spack fetches besides sources: one sentence each. */
function findRemote(document: Document): string[] {
  const mirrors = document.getIn(['spack', 'mirrors']);
  const others = isMap(mirrors)
    ? mirrors.items.map(({ key, value }) => {
        const address = isMap(value)
          ? (value.get('url') ?? value.getIn(['fetch', 'url']) ?? value.get('fetch'))
          : value;
        const text = isScalar(address) ? address.value : address;
        return `mirrors:${String(key)}: binaries are taken from ${String(text)} where they fit, and published here too`;
      })
    : [];
  return others.concat(listRemoteRepositories(document));
}

function listRemoteRepositories(document: Document): string[] {
  return listRepositories(document)
    .filter(({ address }) => IS_ADDRESS.test(address))
    .map(
      ({ name, address, isPinned }) =>
        `${name}: these recipes come from the network, ${address}` +
        (isPinned ? '' : '; name a commit or tag, or they may change between solving and building'),
    );
}

/** The texts of a list of the environment. */
function listOf(document: Document, name: string): string[] {
  const list = document.getIn(['spack', name]);
  return isSeq(list) ? list.items.map((item) => String(isScalar(item) ? item.value : item)) : [];
}
