import { splitName, type Query } from '../../lib/search/search-query.ts';
import { STOP_WORDS } from '../../lib/search/description-words.ts';
import { SYSTEM_GLIBC, systemGlibc } from '../../lib/machine/machine.ts';
import { familyOf, isTarget } from '../../lib/spack/targets.ts';
import { ownName } from './foreign-names.ts';
import { LANGUAGE_PREFIXES } from './ranks.ts';
import { isCompiler } from './query-filters.ts';
import type { WordFinder } from './words.ts';
import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';

/** Data in which words are looked up. */
export interface Vocabulary {
  packages: PackageIndex;
  builds: BuildIndex;
  /** Index of each package's name. */
  places: ReadonlyMap<string, number>;
  /** First row of each package, with the total number of rows at the end. */
  firstRows: Uint32Array;
  words: WordFinder;
}

/** A search after looking up its words: words that are properties, versions or hashes were moved to these. */
export interface Meaning extends Query {
  /** Whether it has the word `failed`, so that failures are searched. */
  failed: boolean;
  /** A word that may be the beginning of a hash, because no name begins with it. */
  hashWord?: string;
}

const PLATFORMS = new Map([
  ['linux', 'linux'],
  ['darwin', 'darwin'],
  ['macos', 'darwin'],
  ['mac', 'darwin'],
]);

/** Words for variants in names of Debian's and Red Hat's packages. */
const VARIANT_WORDS = new Map([
  ['parallel', '+mpi'],
  ['serial', '~mpi'],
]);
/** Common names for all CPUs of a family. */
const FAMILIES = new Map([
  ...['arm', 'arm64', 'aarch64'].map((word) => [word, 'aarch64'] as const),
  ...['x86_64', 'x86-64', 'amd64', 'x64'].map((word) => [word, 'x86_64'] as const),
]);
/** Generic words, vendors and kinds of machine, which are ignored next to a name. */
const GENERIC =
  /^(?:(?:api|build|cluster|compiler|computer|implementation|laptop|library|machine|module|package|program|server|software|version)s?|binar(?:y|ies)|latest|newest|amd|apache|gnu|google|intel|nvidia)$/;
/** `el9`, the mark of Red Hat's packages and of those for its systems. */
const ENTERPRISE_LINUX = /^el(?=\d+$)/;
/**
 * Looks up the words of a search. Next to a name, `zen3` is a target, `rocky9` and
 * `rocky 9` are a system, `linux` is a platform, `mpi` is a variant of hdf5, `gcc` is a
 * compiler; `hdf5-1.14` is a name and a version.
 */
export function readMeaning(query: Query, vocabulary: Vocabulary): Meaning {
  const meaning: Meaning = {
    ...query,
    words: [],
    variants: [...query.variants],
    compilers: [...query.compilers],
    failed: false,
  };
  const { names } = vocabulary.packages;
  const places = vocabulary.places;
  const words = joinLanguage(
    joinNumber(
      splitVersions(readWithout(query, meaning, vocabulary), meaning, vocabulary),
      meaning,
      vocabulary,
    ),
    vocabulary,
  );
  for (const word of words) {
    const others = words.filter((other) => other !== word);
    const isVariant = VARIANT_WORDS.has(word) && others.some((other) => places.has(other));
    const named = places.has(word) && !isVariant && !isFiller(word, words, places);
    const isNextToName = (): boolean =>
      others.some((other) => places.has(other) || isNameWithout(other, word, names));
    if (word === 'failed' || word === 'failures') meaning.failed = true;
    else if (!named && readSystem(word, meaning, vocabulary)) continue;
    else if (!named && STOP_WORDS.has(word) && others.length > 0) continue;
    else if (GENERIC.test(word) && others.some((other) => isAllSaid(other, word, vocabulary))) continue;
    else if (!named && readTarget(word, meaning, vocabulary)) continue;
    else if (!named && isNextToName() && readProperty(word, others, meaning, vocabulary)) continue;
    else meaning.words.push(word);
  }
  // `k3vq7ea hdf5`, as in the output of `spack find -l`: next to other words, shorter words are not hashes.
  const shape = meaning.words.length > 1 ? /^(?:[a-z2-7]{7}|[a-z2-7]{32})$/ : /^[a-z2-7]{4,32}$/;
  const hashWord = meaning.words.find(
    (word) => shape.test(word) && !names.some((own) => own.toLowerCase().startsWith(word)),
  );
  if (hashWord !== undefined) meaning.hashWord = hashWord;
  return meaning;
}

/**
 * Whether a word that is also a package's name only makes a sentence: `which cmake is the newest`, `which tool
 * compares files`.
 */
function isFiller(word: string, words: readonly string[], places: Vocabulary['places']): boolean {
  const isFirst = words.length > 2 && words[0] === word;
  return (
    STOP_WORDS.has(word) && (isFirst || words.some((other) => places.has(other) && !STOP_WORDS.has(other)))
  );
}

/** Reads `hdf5 without mpi`, if something here has that variant: `run containers without root` means none. */
function readWithout({ words }: Query, { variants }: Meaning, { builds }: Vocabulary): string[] {
  return words.filter((word, index) => {
    const name = word === 'without' ? words[index + 1] : words[index - 1] === 'without' ? word : undefined;
    const isVariant = [`+${name}`, `~${name}`].some((token) => builds.variants.includes(token));
    if (isVariant && word === name) variants.push({ name, token: `~${name}` });
    return !isVariant;
  });
}

/** Joins `protobuf python` to py-protobuf. */
function joinLanguage(words: string[], { places }: Vocabulary): string[] {
  for (const word of words) {
    const prefix = LANGUAGE_PREFIXES.get(word);
    const name = words.find((other) => places.has(`${prefix}${other}`));
    if (prefix !== undefined && name !== undefined)
      return [`${prefix}${name}`, ...words.filter((other) => other !== word && other !== name)];
  }
  return words;
}

/** Joins `hdf 5` to hdf5, so that its number is not read as a version. */
function joinNumber(words: string[], meaning: Meaning, { places }: Vocabulary): string[] {
  const { version } = meaning;
  const name = words.find((word) => version !== undefined && places.has(`${word}${version}`));
  if (name === undefined) return words;
  delete meaning.version;
  return words.map((word) => (word === name ? `${word}${version}` : word));
}

/** Splits `hdf5-1.14`, `hdf5-1.14.3-tkk62fo…`, `python3.12`: the longest known name wins. */
function splitVersions(words: readonly string[], meaning: Meaning, vocabulary: Vocabulary): string[] {
  const { places } = vocabulary;
  return words.map((word) => {
    const match = splitName(word);
    const { name = '', version, hash } = match ?? {};
    if (places.has(word)) return word;
    // `openjdk-17-jdk`: Debian's numbers rarely match the versions of builds here.
    if (version !== undefined && /-[a-z]/.test(version)) return readName(word, meaning, vocabulary);
    if (!match || !places.has(name)) return readName(word, meaning, vocabulary);
    if (version !== undefined) meaning.version ??= version;
    if (hash) meaning.hash ??= hash;
    return name;
  });
}

/** Translates names from elsewhere, and `hdf5-mpi`, to names here. Other words stay the same. */
function readName(word: string, meaning: Meaning, vocabulary: Vocabulary): string {
  const { places, words } = vocabulary;
  const own = ownName(word, words);
  if (own !== word) return own;
  const [, name = '', property = ''] = /^(.+)-([a-z]\w*)$/.exec(word) ?? [];
  return places.has(name) && readProperty(property, [name], meaning, vocabulary) ? name : word;
}

/**
 * Whether a word is a package or a virtual, and no name has it together with the
 * generic word: `fortran compiler`.
 */
function isAllSaid(word: string, generic: string, { packages, places, words }: Vocabulary): boolean {
  return (
    (places.has(word) || words.isVirtual(word)) &&
    !packages.names.some((name) => name.includes(word) && name.includes(generic))
  );
}

/** Whether a word is the name of a package, and no name has it together with another word. */
function isNameWithout(word: string, other: string, names: readonly string[]): boolean {
  let isName = false;
  for (const name of names) {
    if (name.includes(word) && name.includes(other)) return false;
    isName ||= isCalled(name, word);
  }
  return isName;
}

/**
 * Reads a platform or a system, without its version or with one that was read as a
 * separate version: `rocky 9`.
 */
function readSystem(typed: string, meaning: Meaning, { builds }: Vocabulary): boolean {
  const word = typed.replace(ENTERPRISE_LINUX, 'rhel');
  const platform = PLATFORMS.get(word);
  if (platform !== undefined) {
    meaning.platform ??= platform;
    return true;
  }
  const systems = builds.systems.map((system) => system.slice(system.indexOf(' ') + 1));
  const isSystem = (os: string): boolean => systems.includes(os) || systemGlibc(os) !== undefined;
  const whole = `${word}${meaning.version ?? ''}`;
  const isOwn = (os: string): boolean => os.replace(/[\d.]+$/, '') === word;
  const here = systems.filter(isOwn);
  const own = here.length > 0 ? here : Object.keys(SYSTEM_GLIBC).filter(isOwn);
  if (isSystem(word)) meaning.os ??= word;
  else if (meaning.version !== undefined && isSystem(whole)) {
    meaning.os ??= whole;
    delete meaning.version;
  } else if (own.length > 0) meaning.os ??= own.join();
  else return false;
  return true;
}

/**
 * Reads a target or a common name of a CPU family. `target=x86_64` would only find builds for its first CPUs.
 */
function readTarget(word: string, meaning: Meaning, { packages }: Vocabulary): boolean {
  const name = FAMILIES.get(word);
  const family = packages.targets.filter((target) => familyOf(target) === name);
  if (meaning.target !== undefined || (family.length === 0 && !isTarget(word))) return false;
  meaning.target = family.length > 0 ? family.join() : word;
  return true;
}

/** Reads a variant or a compiler, given as a word next to a package's name. */
function readProperty(word: string, others: string[], meaning: Meaning, vocabulary: Vocabulary): boolean {
  const { builds } = vocabulary;
  const token = VARIANT_WORDS.get(word) ?? `+${word}`;
  if (builds.variants.includes(token) && haveVariant(token.slice(1), others, vocabulary)) {
    meaning.variants.push({ name: token.slice(1), token });
    return true;
  }
  if (builds.compilers.some((compiler) => isCompiler(compiler, word))) {
    meaning.compilers.push(word);
    return true;
  }
  return false;
}

/**
 * Whether one of the named packages has a variant: `mpi for python` does not mean a variant of python, and
 * `test framework` does not mean a variant at all.
 */
function haveVariant(
  name: string,
  words: string[],
  { packages, places, firstRows, builds }: Vocabulary,
): boolean {
  const whole = words.flatMap((word) => places.get(word) ?? []);
  const named =
    whole.length > 0
      ? whole
      : [...packages.names.keys()].filter((place) =>
          words.some((word) => isCalled(packages.names[place] ?? '', word)),
        );
  const tokens = [`+${name}`, `~${name}`].map((token) => builds.variants.indexOf(token));
  const { variantSet } = builds.rows;
  return named.some((place) =>
    Array.from(variantSet.slice(firstRows[place], firstRows[place + 1])).some((set) =>
      builds.variantSets[set]?.some((variant) => tokens.includes(variant)),
    ),
  );
}

/** Whether a word is a common name of a package: `netcdf` is netcdf-c, `numpy` is py-numpy. */
function isCalled(name: string, word: string): boolean {
  return name === word || name.startsWith(`${word}-`) || name.endsWith(`-${word}`);
}
