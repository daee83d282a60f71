import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { oldCompilerName } from '../../lib/spack/compiler-names.ts';

/** How well a word fits a package: 0 not at all, else the lower the better. */
export type Ranks = Uint8Array;

/** Ranks, the best first. A file is ranked by `markFiles`. */
const RANK = {
  name: 1,
  /** It provides a virtual of this name: openmpi provides mpi. */
  virtual: 2,
  /** The name without what its language puts before it: `numpy` is py-numpy. */
  shortName: 3,
  program: 4,
  /** The name begins with the word, and then comes a dash, or a digit. */
  begins: 5,
  beginsInside: 6,
  /** A part of the name, between dashes, is the word; or it begins with it. */
  part: 7,
  partBegins: 8,
  /** `ssl` is the end of openssl. */
  partEnds: 9,
  /** The description has the very word; where it only begins with it, a typing error in a name is likelier. */
  saidInDescription: 10,
  /** One letter is wrong, missing, too many or swapped; one more where the first letter is another. */
  typo: 11,
  inner: 13,
  file: 14,
  tag: 15,
  described: 16,
  inDescription: 18,
  typos: 20,
} as const;

/** A word this short is in too much to be looked for anywhere but in names, and hides no typing error. */
const SHORT = 3;
/** Letters from which a word may have one typing error, and two. */
const [ONE_TYPO, TWO_TYPOS] = [3, 7];
/** Words whose ranks are kept: while one types only the last word changes. */
const MOST_KEPT = 64;
/** What makes other words of one: `scheduler` of scheduling, `visualization` of visualize. */
const ENDING = /(?:ations?|ators?|ings?|ions?|i[sz]ers?|ors?|ers?|e|ed)$/;
/** The least letters of what such words share. */
const STEM = 5;
/** What follows a library's name: `.so.310`. */
const LIBRARY_ENDING = /\.(?:so|dylib)\b.*$/;
/** What packages of a language or kind begin with. */
const PREFIX = /^(?:c-|py-|r-|perl-|lua-|ruby-|go-|rust-|node-|lib|netlib-)/;

/** Finds packages and sets of files by words. */
export interface WordFinder {
  rankPackages(word: string): Ranks;
  /**
   * Marks the sets of files that have a word: `RANK.program` where a program or library is called so, `RANK.file`
   * where the name of one begins with it. Undefined without the files, or for a short word.
   */
  markFiles(word: string): Uint8Array | undefined;
  /** The file of a set that a word found. */
  findFile(word: string, set: number): string | undefined;
  addFileIndex(files: FileIndex): void;
  /** The rank of each word of a phrase that a description has. */
  phraseRank: number;
  /** Whether words of this rank on average are at least something that descriptions say. */
  isSaid(rank: number): boolean;
  /** Whether a package's description has these words in a row. */
  hasPhrase(place: number, phrase: string): boolean;
  isVirtual(word: string): boolean;
  /** Whether a package, a virtual, a program or a library is called exactly so, with or without what names begin with. */
  isKnown(word: string): boolean;
  /** Whether something is called by a word of this rank, and not only a part of it or something like it. */
  isName(rank: number): boolean;
}

export function createWordFinder(packages: PackageIndex): WordFinder {
  const names = packages.names.map((name) => name.toLowerCase());
  const shortNames = names.map((name) => name.replace(PREFIX, ''));
  const joined = names.map(joinParts);
  const descriptions = packages.descriptions.map((text) => text.toLowerCase());
  const tags = packages.tags.map((text) => ` ${text.toLowerCase()} `);
  const virtuals = packages.provides.map(
    (text, place) => ` ${text} ${joinParts(text)} ${oldCompilerName(names[place] ?? '') ?? ''} `,
  );
  const allVirtuals = new Set(virtuals.flatMap((text) => text.split(' ')));
  const known = new Set([...names, ...shortNames, ...joined, ...allVirtuals]);
  // `libicu-dev` is of icu4c.
  for (const name of names) known.add(name.replace(/(?<=[a-z]{3})\d.*$/, ''));
  known.delete('');
  const ranks = new Map<string, Ranks>();
  const marks = new Map<string, Uint8Array>();
  let fileNames = new Set<string>();
  let files: { index: FileIndex; names: string[]; sets: number[][] } | undefined;

  function rankPackages(word: string): Ranks {
    const ranks = new Uint8Array(names.length);
    const whole = joinParts(word);
    let best: number = RANK.typos;
    for (const [place, name] of names.entries()) {
      let rank =
        rankName(name, shortNames[place] ?? name, virtuals[place] ?? '', word) || rankText(place, word);
      if (joined[place] === whole && (rank === 0 || rank > RANK.shortName)) rank = RANK.shortName;
      ranks[place] = rank;
      if (rank > 0 && rank < best) best = rank;
    }
    if (best > RANK.partBegins && word.length >= ONE_TYPO) addTypos(word, ranks);
    return ranks;
  }

  function addTypos(word: string, ranks: Ranks): void {
    const most = word.length >= TWO_TYPOS ? 2 : 1;
    const bare = word.length > SHORT + 'lib'.length ? word.replace(/^lib/, '') : word;
    for (const [place, name] of names.entries()) {
      for (const text of typedNames(name, shortNames[place] ?? name, packages.provides[place] ?? '', word)) {
        let typos = countTypos(word, text, most);
        if (typos > most && bare !== word && countTypos(bare, text, 1) <= 1) typos = 1;
        if (typos > most) continue;
        // A wrong first letter is rare.
        const rank = (typos === 1 ? RANK.typo : RANK.typos) + Number(text[0] !== word[0]);
        ranks[place] = Math.min(ranks[place] || rank, rank);
      }
    }
  }

  function rankText(place: number, word: string): number {
    if (word.length < SHORT) return 0;
    if (tags[place]?.includes(` ${word} `)) return RANK.tag;
    return rankDescription(descriptions[place] ?? '', word);
  }

  function markFiles(word: string): Uint8Array | undefined {
    if (!files || word.length < 2) return undefined;
    const wanted = files.names.map((name) => rankFile(name, word));
    return Uint8Array.from(files.sets, (set) => {
      let best = 0;
      for (const place of set) {
        const rank = wanted[place] ?? 0;
        if (rank > 0 && (best === 0 || rank < best)) best = rank;
      }
      return best;
    });
  }

  return {
    rankPackages: (word) => keep(ranks, word, rankPackages) ?? new Uint8Array(names.length),
    markFiles: (word) => (files ? keep(marks, word, markFiles) : undefined),
    findFile: (word, set) => {
      const named = (files?.sets[set] ?? []).map((file) => ({
        file,
        rank: rankFile(files?.names[file] ?? '', word),
      }));
      const [best] = named.filter(({ rank }) => rank > 0).sort((left, right) => left.rank - right.rank);
      return best && files?.index.names[best.file];
    },
    hasPhrase: (place, phrase) => descriptions[place]?.includes(phrase) ?? false,
    isVirtual: (word) => allVirtuals.has(word),
    isKnown: (word) => known.has(word) || known.has(joinParts(word)) || fileNames.has(word),
    phraseRank: RANK.part,
    isSaid: (rank) => rank <= RANK.described,
    isName: (rank) => rank <= RANK.begins,
    addFileIndex: (index) => {
      files = { index, names: index.names.map((name) => name.toLowerCase()), sets: index.sets.map(sumUp) };
      fileNames = new Set(files.names.map((name) => name.replace(LIBRARY_ENDING, '')));
    },
  };
}

function rankName(name: string, shortName: string, virtuals: string, word: string): number {
  if (name === word) return RANK.name;
  if (virtuals.includes(` ${word} `)) return RANK.virtual;
  if (shortName === word) return RANK.shortName;
  const place = name.indexOf(word);
  // mariadb provides mysql-client.
  if (place < 0) return virtuals.includes(` ${word}-`) ? RANK.part : 0;
  if (place === 0) return isBoundary(name, word.length) ? RANK.begins : RANK.beginsInside;
  if (`${name}-`.includes(`-${word}-`)) return RANK.part;
  if (shortName.startsWith(word) || name.includes(`-${word}`)) return RANK.partBegins;
  if (word.length >= SHORT && `${name}-`.includes(`${word}-`)) return RANK.partEnds;
  return word.length > 1 ? RANK.inner : 0;
}

/** `pytorch` is py-torch, `superlu_dist` superlu-dist, and `r-data.table` r-data-table. */
function joinParts(name: string): string {
  return name.replaceAll(/[-_.]/g, '');
}

/** Whether a part of a name ends before a place: at its end, at a dash, or where digits begin. */
function isBoundary(name: string, place: number): boolean {
  const next = name[place] ?? '';
  return !/[a-z]/.test(next);
}

function rankDescription(description: string, word: string): number {
  const singular = word.length > ONE_TYPO + 1 ? word.replace(/(?<!s)s$/, '') : word;
  let rank = 0;
  for (
    let place = description.indexOf(singular);
    place >= 0;
    place = description.indexOf(singular, place + 1)
  ) {
    if (isLetter(description[place - 1])) rank ||= RANK.inDescription;
    else if (isEnd(description, place + singular.length)) return RANK.saidInDescription;
    else rank = RANK.described;
  }
  if (rank === RANK.described) return rank;
  const stem = word.replace(ENDING, '');
  const place = stem === word || stem.length < STEM ? -1 : description.indexOf(stem);
  return place >= 0 && !isLetter(description[place - 1]) ? RANK.described : rank;
}

/** Whether a word ends at a place, or before the `s` of several. */
function isEnd(text: string, place: number): boolean {
  return !isLetter(text[place]) || (text[place] === 's' && !isLetter(text[place + 1]));
}

function isLetter(letter = ''): boolean {
  return /[a-z0-9]/.test(letter);
}

/**
 * What one may have meant by a word: a package's name, with and without prefix; one of its longer parts, or what it
 * provides, where that begins with the same letter.
 */
function typedNames(name: string, shortName: string, provides: string, word: string): string[] {
  const parts = name.includes('-') ? name.split('-') : [];
  const more = [...parts, ...provides.split(' ')].filter(
    (part) => part.length > SHORT && part[0] === word[0],
  );
  return name === shortName ? [name, ...more] : [name, shortName, ...more];
}

/** `h5dump` is the program; `hdf5`, `libhdf5` and `libhdf5.so` all mean the library libhdf5.so.310. */
function rankFile(name: string, word: string): number {
  const own = name.startsWith(word);
  const library = name.startsWith('lib') && name.startsWith(word, 'lib'.length);
  if (!own && !library) return 0;
  const rest = name.slice(word.length + (own ? 0 : 'lib'.length));
  if (own ? rest === '' || /^\.(so|dylib)\b/.test(rest) || (word.endsWith('.so') && rest[0] === '.') : false)
    return RANK.program;
  return word.length >= SHORT ? RANK.file : 0;
}

function sumUp(distances: number[]): number[] {
  let place = 0;
  return distances.map((distance) => (place += distance));
}

function keep<Value>(
  known: Map<string, Value>,
  word: string,
  find: (word: string) => Value | undefined,
): Value | undefined {
  const kept = known.get(word);
  if (kept !== undefined) return kept;
  const value = find(word);
  if (known.size >= MOST_KEPT) known.clear();
  if (value !== undefined) known.set(word, value);
  return value;
}

/**
 * How many letters are wrong, missing, too many or swapped with their neighbour between two words, up to `most`;
 * `most + 1` for more. Source: the optimal string alignment distance.
 */
function countTypos(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, place) => place);
  for (let row = 1; row <= left.length; row += 1) {
    const next = [row];
    let least = row;
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + Number(!same),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped && row > 1 && column > 1) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      next.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    [before, last] = [last, next];
  }
  return last[right.length] ?? most + 1;
}
