import type { Query } from '../../lib/search/search-query.ts';
import { isTarget } from '../../lib/spack/targets.ts';
import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';

/** What words are looked up in. */
export interface Vocabulary {
  packages: PackageIndex;
  builds: BuildIndex;
  /** The place of each package's name. */
  places: ReadonlyMap<string, number>;
}

/** A search whose words were looked up: what is no word is a property, a version, or a hash. */
export interface Meaning extends Query {
  /** The word `failed`: failures are searched as well. */
  failed: boolean;
  /** Words that may be the beginning of a hash, since no name begins with them. */
  hashWord?: string;
}

const PLATFORMS = new Map([
  ['linux', 'linux'],
  ['darwin', 'darwin'],
  ['macos', 'darwin'],
  ['mac', 'darwin'],
]);

/**
 * Looks up the words of a search. Next to a name, `zen3` is a target, `rocky9` and `rocky 9` a system, `linux` a
 * platform, `mpi` a variant of hdf5, `gcc` a compiler; `hdf5-1.14` is a name and a version.
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
  const words = splitVersions(query, meaning, places);
  const name = words.find((word) => places.has(word));
  for (const word of words) {
    const named = places.has(word);
    if (word === 'failed' || word === 'failures') meaning.failed = true;
    else if (!named && readSystem(word, meaning, vocabulary)) continue;
    else if (!named && isTarget(word) && meaning.target === undefined) meaning.target = word;
    else if (!named && name !== undefined && readProperty(word, meaning, vocabulary)) continue;
    else meaning.words.push(word);
  }
  const [only, ...more] = meaning.words;
  if (only && more.length === 0 && /^[a-z2-7]{4,32}$/.test(only)) {
    if (!names.some((name) => name.toLowerCase().startsWith(only))) meaning.hashWord = only;
  }
  return meaning;
}

/** `hdf5-1.14`, `hdf5-1.14.3-tkk62fo…`: the name is the longest that is known. */
function splitVersions(query: Query, meaning: Meaning, places: ReadonlyMap<string, number>): string[] {
  return query.words.map((word) => {
    const match = /^([a-z].*?)-(\d[\w.-]*?)(?:-([a-z2-7]{7,32}))?$/.exec(word);
    const [, name = '', version, hash] = match ?? [];
    if (!match || places.has(word) || !places.has(name)) return word;
    if (version !== undefined) meaning.version ??= version;
    if (hash) meaning.hash ??= hash;
    return name;
  });
}

/** A platform, a system, or a system's name whose version was read as a version: `rocky 9`. */
function readSystem(word: string, meaning: Meaning, { builds }: Vocabulary): boolean {
  const platform = PLATFORMS.get(word);
  if (platform !== undefined) {
    meaning.platform ??= platform;
    return true;
  }
  const systems = builds.systems.map((system) => system.slice(system.indexOf(' ') + 1));
  if (systems.includes(word)) {
    meaning.os ??= word;
    return true;
  }
  const whole = `${word}${meaning.version ?? ''}`;
  if (meaning.version === undefined || !systems.includes(whole)) return false;
  meaning.os ??= whole;
  delete meaning.version;
  return true;
}

/** A variant or a compiler, said as a word next to a package's name. */
function readProperty(word: string, meaning: Meaning, { builds }: Vocabulary): boolean {
  if (builds.variants.includes(`+${word}`)) {
    meaning.variants.push({ name: word, token: `+${word}` });
    return true;
  }
  if (builds.compilers.some((compiler) => compiler.startsWith(`${word}@`))) {
    meaning.compilers.push(word);
    return true;
  }
  return false;
}
