import { systemGlibc } from '../machine/machine.ts';

/** A parsed search. Lists are empty and texts absent for parts that were not given. */
export interface Query {
  /** Parts of names, descriptions, programs or libraries, in lower case. */
  words: string[];
  /** Text after `@`: `1.14`, `=1.14.6`, `1.12:1.14`. */
  version?: string;
  variants: { name: string; token: string }[];
  /** `gcc`, `gcc@12`. */
  compilers: string[];
  /** `x86_64_v3`, or several alternatives joined by `,`. */
  target?: string;
  os?: string;
  platform?: string;
  /** The beginning of a DAG hash. */
  hash?: string;
  /** Dependencies after `^`, which are not searched. */
  dependencies: string[];
}

/**
 * Parts of a spec, in the order in which they are tried: compiler, dependency, hash, version, boolean
 * variant, key and value, word. A word may contain `++`, as in `libstdc++.so`.
 */
const PART =
  /%(?:[a-z,]+=)?(?<compiler>[^\s%^+~=]+)|\^(?<dependency>\S+)|(?<=^|\s|@[^\s/]+)\/(?<hash>[a-z2-7]{1,32})(?!\S)|@(?<version>git\.[^\s%^+~@=]+=[^\s%^+~@/]+|[^\s%^+~@/]+)|(?<sign>[+~]|(?<!\S)-)(?<flag>[\w-]+)|(?<key>[\w-]+):?==?(?<value>"[^"]*"|'[^']*'|\S+)|(?<word>[^\s@%~^=+]+(?:\+\+[^\s@%~^=+]*)?)/g;

/** A command at the beginning of a pasted search. */
const COMMAND =
  /^\s*(?:\$\s*)?(?:sudo\s+)?(?:spack\s+(?:install|spec|load|find|info|add)|(?:module|ml)\s+load|(?:python3?\s+-m\s+|uv\s+)?(?:apk|apt|apt-get|brew|cargo|conda|dnf|gem|mamba|micromamba|npm|pip3?|pipx|port|yum|zypper)\s+(?:add|install|search))\s/;
/** Options, including conda's options with a channel or environment. */
const OPTION = /(?<!\S)(?:(?:-c|-n|--channel|--name)\s+\S+|--?[a-zA-Z][\w-]*)/g;
/** Channels of conda before a package: `conda-forge::hdf5`. */
const CHANNEL = /(?<!\S)(?:anaconda|bioconda|conda-forge|defaults|nvidia|pytorch)::/g;
/** Filler words between meaningful ones: `hdf5 with mpi for zen3`, `is zlib here?` */
export const FILLERS: ReadonlySet<string> = new Set(
  'a an and are can do does for from get have here i in install into is it load looking me my of on only or our please that the there to using want we with you'.split(
    ' ',
  ),
);
/** Punctuation after a word of a sentence: `skylake?`. */
const PUNCTUATION = /(?<=\w\+*)(?:[?!;]+|,(?=\s))(?!\S)/g;
/** `linux-rocky9-zen3`, as `spack arch` prints it. */
const ARCH = /^(?:linux|darwin)-[a-z][\w.-]*-\w+$/;
/**
 * A package and version in the notation of pip, conda or a distribution's tools: `numpy==2.3.4`, `cmake>=4`.
 */
const REQUIREMENT = /^\s*([a-z][\w.+-]*?)\s*(==?|>=|<=|>|<)\s*(\d[\w.-]*)(?!\S)/i;
/** A module's name with its version, `openmpi/5.0.8`. A hash has no dot. */
const MODULE = /^(?:.*\/)?([a-z][\w.+-]*)\/(\d+(?:\.[\w-]+)+|\d+)$/;
/** A header in the folder of its library: `boost/filesystem.hpp`. */
const HEADER = /(?:^|\/)(?!include\/)([^/]+)\/[^/]+\.(?:h|hh|hpp|hxx)$/;
/** Compilers whose version may follow without a `%`: `hdf5 gcc 14`. */
const COMPILERS = new Set(['gcc', 'clang', 'llvm', 'apple-clang', 'aocc', 'cce', 'nvhpc', 'oneapi']);

/** Parses a search: free words and parts of a spec, `hdf5@1.14 +mpi %gcc target=x86_64_v3`. */
export function parseQuery(text: string): Query {
  const query: Query = { words: [], variants: [], compilers: [], dependencies: [] };
  const spec = joinSystems(COMMAND.test(text) ? text.replace(COMMAND, '').replaceAll(OPTION, '') : text);
  const plain = spec
    .replaceAll(PUNCTUATION, '')
    .replaceAll(CHANNEL, '')
    .replace(REQUIREMENT, readRequirement);
  for (const { groups = {} } of plain.matchAll(PART)) readPart(groups, query);
  const words = query.words.filter((word) => !FILLERS.has(word));
  if (words.length > 0) query.words = words;
  readVersionWords(query);
  return query;
}

/** Converts a requirement to a range. As in Spack's ranges, bounds are inclusive: `>4` also finds 4. */
function readRequirement(_: string, name: string, sign: string, version: string): string {
  if (sign.startsWith('=')) return `${name}@${version}`;
  return sign.startsWith('>') ? `${name}@${version}:` : `${name}@:${version}`;
}

/** A word that may be a name with a version: `hdf5-1.14`, `hdf5-1.14.3-tkk62fo…`, `python3.12`. */
export function splitName(
  word: string,
): { name: string; version: string; hash?: string | undefined } | undefined {
  const [, name, version, hash] =
    /^([a-z].*?)-(\d[\w.-]*?)(?:-([a-z2-7]{7,32}))?$/.exec(word) ??
    /^([a-z][a-z-]*)(\d+\.[\d.]+)$/.exec(word) ??
    [];
  return name === undefined || version === undefined ? undefined : { name, version, hash };
}

/** Joins `rocky 8` to the system rocky8, so that its number is not read as a version. */
function joinSystems(text: string): string {
  return text.replaceAll(/(?<!\S)([a-z]+)\s+(\d[\d.]*)(?!\S)/gi, (words) => {
    const joined = words.replace(/\s+/, '').toLowerCase();
    return systemGlibc(joined) === undefined ? words : joined;
  });
}

/** Parts of a search as typed, and the search without each: `@1.14`, `+mpi`, `target=zen3`. */
export function queryParts(typed: string): { text: string; without: string }[] {
  const text = joinSystems(typed);
  return [...text.matchAll(PART)].map(({ 0: part, index }) => ({
    text: part.trim(),
    without: `${text.slice(0, index)} ${text.slice(index + part.length)}`.replaceAll(/\s+/g, ' ').trim(),
  }));
}

/**
 * Reads versions among the words: `hdf5 1.14` means hdf5@1.14, `hdf5 gcc 14` means hdf5%gcc@14. A first word
 * that begins with a digit is a name, but `v1.14` is not.
 */
function readVersionWords(query: Query): void {
  const isVersion = (word = ''): boolean => /^v?\d+(\.[\w-]+)*$/.test(word);
  const words: string[] = [];
  for (const [index, word] of query.words.entries()) {
    const [, name = '', number = word] = /^([a-z-]+)-(\d.*)$/.exec(word) ?? [];
    if (index > 0 && COMPILERS.has(name) && isVersion(number)) query.compilers.push(`${name}@${number}`);
    else if (!isVersion(word) || !readCompilerVersion({ ...query, words }, word)) words.push(word);
  }
  query.words = words;
  const place = words.findIndex((word, index) => (index > 0 || /^v\d/.test(word)) && isVersion(word));
  const version = words[place]?.replace(/^v/, '');
  if (version === undefined || words.length < 2 || query.version !== undefined) return;
  query.version = version;
  words.splice(place, 1);
}

/** Takes the last word and its version as a compiler, if it names one and is not the first word. */
function readCompilerVersion({ words, compilers }: Query, version: string): boolean {
  const name = words.at(-1) ?? '';
  if (words.length < 2 || !COMPILERS.has(name)) return false;
  words.pop();
  compilers.push(`${name}@${version}`);
  return true;
}

function readPart(part: Record<string, string | undefined>, query: Query): void {
  const { compiler, dependency, hash, version, flag, key, value = '', word } = part;
  if (compiler !== undefined) query.compilers.push(compiler);
  else if (dependency !== undefined) query.dependencies.push(dependency);
  else if (hash !== undefined) query.hash = hash;
  else if (version !== undefined) {
    if (!readCompilerVersion(query, version)) query.version = version;
  } else if (flag !== undefined)
    query.variants.push({ name: flag, token: `${part['sign'] === '+' ? '+' : '~'}${flag}` });
  else if (key !== undefined) readSetting(key, value.replaceAll(/^["']|["']$/g, ''), query);
  else if (word !== undefined) {
    // The package of the Perl module `YAML::LibYAML` is perl-yaml-libyaml; pip accepts `pybind11[global]`.
    const path = word
      .replace(/\/+$|\[[^\]]*\]$/g, '')
      .replaceAll('::', '-')
      .toLowerCase();
    const [, module, release] = MODULE.exec(path) ?? [];
    const [, folder] = HEADER.exec(path) ?? [];
    // `parallel i/o` names no folder.
    const last = module ?? folder ?? path.replace(/^.*\/(?!o$)/, '');
    if (release !== undefined) query.version ??= release;
    if (ARCH.test(last)) readSetting('arch', last, query);
    else if (last) query.words.push(last);
  }
}

function readSetting(key: string, value: string, query: Query): void {
  if (key === 'target') query.target = value;
  else if (key === 'os' || key === 'operating_system') query.os = value;
  else if (key === 'platform') query.platform = value;
  else if (key === 'arch' || key === 'architecture') {
    const [platform, os, target] = value.split('-');
    if (platform) query.platform = platform;
    if (os) query.os = os;
    if (target) query.target = target;
  } else if (/^(true|false)$/i.test(value)) {
    query.variants.push({ name: key, token: `${/^true$/i.test(value) ? '+' : '~'}${key}` });
  } else {
    for (const item of value.split(',')) query.variants.push({ name: key, token: `${key}=${item}` });
  }
}
