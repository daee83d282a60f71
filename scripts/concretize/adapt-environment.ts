import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { isMap, isPair, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import { describeError } from '../cli/command.ts';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { expectEnvironment, readEnvironment } from '../choose/environments.ts';
import { adaptMirrors } from './environment-mirrors.ts';
import { type External, type ExternalStates, adaptPackages } from './environment-packages.ts';
import { takeIncludes, type EnvironmentPlace } from './include-files.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** An owner's `spack.yaml`, adapted to be solved and built here. */
export interface AdaptedEnvironment {
  /** The unchanged text if nothing had to be removed. */
  text: string;
  /** One sentence for each setting that is not used. */
  notes: string[];
  /** One sentence for each setting that cannot be ignored without building something else. */
  refusals: string[];
  /** Externals in folders of the system, which exist whether the package does or not. */
  externals: External[];
}

/** Sections about the owner's own machine, each with what this cache does instead. */
const LEFT_OUT: Record<string, string> = {
  upstreams: 'installations on your machine do not exist here; their packages are built instead',
  modules: 'module files are created where binaries are installed',
  bootstrap: 'Spack installs its own tools here',
  compilers:
    'this section is from before Spack 1.0 and names paths on your machine; the compilers found here are used',
};
/** Keys of `config` about places, and about the share of a machine to use. */
const LEFT_OUT_OF_CONFIG: Record<string, string> = {
  install_tree: 'all binaries of this cache share one install root and padding',
  build_stage: 'builds have their own folder here',
  test_stage: 'tests have their own folder here',
  source_cache: 'sources have their own folder here',
  misc_cache: 'indexes have their own folder here',
  environments_root: 'environments have their own folder here',
  license_dir: 'license files of your machine do not exist here',
  template_dirs: 'module files are created where binaries are installed',
  extensions: 'commands that you added to your Spack do not exist here',
  ccache: 'runners have no ccache',
  dirty: 'builds see the environment of their recipes, not that of the job',
  installer: 'the setting "installer" of this cache decides',
};

/**
 * Reads and adapts an environment of the catalog; refuses one that cannot be read. Throws when there is none
 * of that name.
 */
export function adaptStored(catalog: string, name: string, states?: ExternalStates): AdaptedEnvironment {
  expectEnvironment(catalog, name);
  let text = '';
  try {
    text = readEnvironment(catalog, name);
  } catch (error) {
    // An unreadable environment stops no other. The rest of the message is the line that it names.
    const [sentence = ''] = describeError(error).split('\n');
    return { text, notes: [], refusals: [sentence.replace(/:$/, '')], externals: [] };
  }
  return adaptEnvironment(text, {
    file: join(catalog, catalogPath('environments', name)),
    root: findRoot(catalog),
    states,
  });
}

/** The repository of a catalog: the working folder if the catalog is below it. */
function findRoot(catalog: string): string {
  const below = relative(process.cwd(), resolve(catalog));
  return below.startsWith('..') || isAbsolute(below) ? catalog : process.cwd();
}

/**
 * Replaces includes of the repository's files by their content, and removes what belongs to the owner's
 * machine. Reports what that is, and what Spack downloads.
 */
export function adaptEnvironment(text: string, place: EnvironmentPlace): AdaptedEnvironment {
  const document = parseDocument(text);
  const notes: string[] = [];
  dropOverrides(document, /^include[:+-]$/);
  const hasIncludes = document.getIn(['spack', 'include']) !== undefined;
  const refusals = takeIncludes(document, place, notes);
  const isRenamed = dropOverrides(document, /[:+-]$/);
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
  translateUnify(document, notes);
  const externals = adaptPackages(document, notes, place.states);
  const mirrorRefusals = adaptMirrors(document, dirname(place.file), notes);
  leaveOutBuiltin(document, notes);
  notes.push(...listRemoteRepositories(document));
  return {
    text: notes.length === 0 && !hasIncludes && !isRenamed ? text : String(document),
    notes,
    refusals: [
      ...refusals,
      ...mirrorRefusals,
      ...refuseDevelop(document),
      ...refuseLocks(document),
      ...refuseRepositories(document),
    ],
    externals,
  };
}

/**
 * Turns sections that would replace the settings of this cache (`config::`, `install_tree::`) into ones that
 * add to them: below an environment there are the cache's own settings here, not the owner's.
 */
function dropOverrides(document: Document, keysToChange: RegExp): boolean {
  let isChanged = false;
  for (const path of [['spack'], ['spack', 'config']]) {
    const section = document.getIn(path);
    for (const { key } of isMap(section) ? section.items : []) {
      if (!isScalar(key) || !keysToChange.test(String(key.value))) continue;
      key.value = String(key.value).slice(0, -1);
      isChanged = true;
    }
  }
  return isChanged;
}

/** Values of `concretization` in environments before Spack 0.18, and of `concretizer: unify` today. */
const UNIFY: Record<string, unknown> = {
  together: true,
  separately: false,
  'together where possible': 'when_possible',
};

function translateUnify(document: Document, notes: string[]): void {
  const old = String(document.getIn(['spack', 'concretization']));
  if (!Object.hasOwn(UNIFY, old)) return;
  document.deleteIn(['spack', 'concretization']);
  document.setIn(['spack', 'concretizer', 'unify'], ownValue(UNIFY, old));
  notes.push(
    `concretization: ${old} is read as concretizer: unify: ${String(ownValue(UNIFY, old))}, its present form`,
  );
}

/** Removes views outside the environment's own folder: the container has its own view. */
function leaveOutViews(document: Document, notes: string[]): void {
  const view = document.getIn(['spack', 'view'], true);
  const reason = 'this folder is on your machine; containers of this cache have their own view';
  if (isScalar(view) && typeof view.value === 'string') {
    notes.push(`view: ${view.value} is not used: ${reason}`);
    document.setIn(['spack', 'view'], false);
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

function refuseDevelop(document: Document): string[] {
  const develop = document.getIn(['spack', 'develop']);
  if (!isMap(develop) || develop.items.length === 0) return [];
  const names = develop.items.map(({ key }) => String(key)).join(', ');
  return [
    `develop (${names}) builds from a folder whose path becomes part of the DAG hash, so nobody else could use the ` +
      'binary: remove it, and name a version that can be fetched',
  ];
}

function refuseLocks(document: Document): string[] {
  const locks = listOf(document, 'include_concrete');
  if (locks.length === 0) return [];
  return [
    `include_concrete (${locks.join(', ')}) uses the lock of another environment, which was made on another machine: remove it, ` +
      'and add the specs of that environment to this one; equal solutions are built only once',
  ];
}

/** Removes Spack's own recipes: the settings choose them, since the cache records them for each build. */
function leaveOutBuiltin(document: Document, notes: string[]): void {
  const repos = document.getIn(['spack', 'repos']);
  if (!isMap(repos) && !isSeq(repos)) return;
  for (const [index, item] of [...repos.items].entries()) {
    const name = isPair(item) ? String(item.key) : '';
    const isBuiltin = name === 'builtin' || (isScalar(item) && String(item.value).startsWith('$spack'));
    if (!isBuiltin) continue;
    repos.delete(isPair(item) ? item.key : index);
    const what = name === '' ? `repos: ${String(isScalar(item) ? item.value : '')}` : `repos:${name}`;
    notes.push(`${what} is not used: the setting "packages" of this cache chooses the recipes of Spack`);
  }
  if (repos.items.length === 0) document.deleteIn(['spack', 'repos']);
}

/** The recipe repositories of an environment, which may be a map by name or a list. */
function listRepositories(document: Document): { name: string; address: string; isPinned: boolean }[] {
  const repos = document.getIn(['spack', 'repos']);
  if (!isMap(repos))
    return listOf(document, 'repos').map((address) => ({ name: 'repos', address, isPinned: false }));
  return repos.items.map(({ key, value }) => {
    const address = isMap(value) ? value.get('git', true) : value;
    return {
      name: `repos:${String(key)}`,
      address: isScalar(address) ? String(address.value) : '',
      isPinned: isMap(value) && (value.has('commit') || value.has('tag')),
    };
  });
}

const IS_ADDRESS = /^(?:[a-z][a-z0-9+.-]*:\/\/|[^/\s]+@[^/\s]+:)/;

/**
 * Refuses folders of recipes: a build job reads those of the repository, and does not have the owner's
 * machine.
 */
function refuseRepositories(document: Document): string[] {
  return listRepositories(document)
    .filter(({ address }) => !IS_ADDRESS.test(address))
    .map(
      ({ name, address }) =>
        `${name}: ${address} is a folder of recipes: remove it, and name that folder of ` +
        'the repository in the variable OWN_PACKAGES, or give a git address',
    );
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

/** The items of a list of the environment, as texts. */
function listOf(document: Document, name: string): string[] {
  const list = document.getIn(['spack', name]);
  return isSeq(list) ? list.items.map((item) => String(isScalar(item) ? item.value : item)) : [];
}
