import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { WordIndex } from '../../schemas/search/word-index.ts';
import { STOP_WORDS } from '../../lib/search/description-words.ts';
import { oldCompilerName } from '../../lib/spack/compiler-names.ts';
import { FileFinder } from './file-finder.ts';
import { RANK, rankDescription, rankName, SHORT } from './ranks.ts';
import { synonymsOf } from './synonyms.ts';
import { countNameTypos, ONE_TYPO } from './typing-errors.ts';

/** Rank of a word for each package: 0 for no match, otherwise lower is better. */
export type Ranks = Uint8Array;

/** Number of words whose ranks are cached. While typing, only the last word changes. */
const MOST_KEPT = 64;
/** Prefixes of packages of a language or kind. */
const PREFIX = /^(?:c-|py-|r-|perl-|lua-|ruby-|go-|rust-|node-|lib|netlib-)/;

/** Number of characters within which a description says what a package is. Related topics follow later. */
const EARLY = 24;
/** Minimum length of a word that may be the initials of others. */
const SHORTEST_INITIALS = 3;

/** Minimum length of a word that begins a part of a name but may also be another name with a typing error. */
const TYPO_OF_PART = 5;

/** Searchable texts of one package, all in lower case. */
interface SearchedPackage {
  name: string;
  shortName: string;
  /** Both names without dashes, dots and underscores. */
  joined: string;
  joinedShort: string;
  description: string;
  /** First letters of the description's words, see `readInitials`. */
  initials: string;
  /** Each between spaces. */
  tags: string;
  /** Virtuals, each between spaces, with and without dashes. */
  virtuals: string;
  provides: string;
}

/** Finds packages and sets of files by words. */
export class WordFinder {
  readonly #packages: SearchedPackage[];
  readonly #virtuals: Set<string>;
  readonly #names: Set<string>;
  readonly #ranks = new Map<string, Ranks>();
  readonly #marks = new Map<string, Uint8Array>();
  #files: FileFinder | undefined;
  #furtherOn: WordIndex = [];
  #meanLength: number | undefined;

  constructor(index: PackageIndex) {
    this.#packages = index.names.map((_, place) => readPackage(index, place));
    this.#virtuals = new Set(this.#packages.flatMap(({ virtuals }) => virtuals.split(' ')));
    this.#names = new Set([
      ...this.#virtuals,
      // `libicu-dev` belongs to icu4c.
      ...this.#packages.flatMap(({ name, shortName, joined }) => [
        name,
        shortName,
        joined,
        name.replace(/(?<=[a-z]{3})\d{1,2}[a-z]?$/, ''),
      ]),
    ]);
    this.#names.delete('');
  }

  /**
   * Adds the index of programs and libraries.
   * @param packages index of each row's package
   */
  addFileIndex(files: FileIndex, packages: readonly number[]): void {
    this.#files = new FileFinder(files, packages);
    this.#marks.clear();
  }

  /** Adds the words of descriptions that the lists do not show. */
  addWordIndex(words: WordIndex): void {
    this.#furtherOn = words;
    this.#meanLength = undefined;
    this.#ranks.clear();
  }

  rankPackages(word: string): Ranks {
    return keep(this.#ranks, word, () => this.#rankPackages(word));
  }

  /**
   * Ranks sets of files by a word, see `FileFinder`. Undefined: the files are not
   * loaded, or the word is short.
   */
  markFiles(word: string): Uint8Array | undefined {
    const files = this.#files;
    return files && word.length > 1 ? keep(this.#marks, word, () => files.mark(word)) : undefined;
  }

  /** Ranks packages by their files. Undefined like `markFiles`. */
  rankByFiles(word: string): Ranks | undefined {
    const marks = this.markFiles(word);
    return marks && this.#files?.rankPackages(marks, this.#packages.length);
  }

  /** The file in a set that a word matches. */
  findFile(word: string, set: number): string | undefined {
    return this.#files?.find(word, set);
  }

  isVirtual(word: string): boolean {
    return this.#virtuals.has(word);
  }

  /**
   * Whether a package, a virtual, a program or a library has exactly this name, with or without its prefix.
   */
  isKnown(word: string): boolean {
    return this.#names.has(word) || this.#names.has(joinParts(word)) || (this.#files?.has(word) ?? false);
  }

  /**
   * Rank of each word of a phrase in a package's description. Undefined: the
   * description does not have the phrase.
   */
  rankPhrase(place: number, phrase: string): number | undefined {
    const at = this.#packages[place]?.description.indexOf(phrase) ?? -1;
    if (at >= 0) return at < EARLY ? RANK.part : RANK.partBegins;
    return this.#furtherOn[place]?.includes(phrase) ? RANK.partEnds : undefined;
  }

  /** Length of a package's description, as a multiple of the mean. */
  relativeLength(place: number): number {
    this.#meanLength ??=
      this.#packages.reduce((sum, _, each) => sum + this.#lengthOf(each), 1) / this.#packages.length;
    return this.#lengthOf(place) / this.#meanLength;
  }

  #lengthOf(place: number): number {
    return (this.#packages[place]?.description.length ?? 0) + (this.#furtherOn[place]?.length ?? 0);
  }

  #rankPackages(word: string): Ranks {
    const ranks = new Uint8Array(this.#packages.length);
    const whole = joinParts(word);
    let best: number = RANK.typos;
    for (const [place, entry] of this.#packages.entries()) {
      let rank = rankName(entry.name, entry.shortName, entry.virtuals, word) || this.#rankText(place, word);
      if ((entry.joined === whole || entry.joinedShort === whole) && (rank === 0 || rank > RANK.shortName))
        rank = RANK.shortName;
      ranks[place] = rank;
      if (rank > 0 && rank < best) best = rank;
    }
    for (const other of synonymsOf(word)) this.#addSynonym(other, ranks);
    if (best >= RANK.partBegins && word.length >= ONE_TYPO) this.#addTypos(word, ranks, best);
    return ranks;
  }

  #addSynonym(word: string, ranks: Ranks): void {
    for (const place of this.#packages.keys()) {
      const rank = this.#rankText(place, word);
      if (rank > 0) ranks[place] = Math.min(ranks[place] || Infinity, Math.max(rank, RANK.described));
    }
  }

  /**
   * Adds names with typing errors; only whole names if the word begins a part of
   * another: `boots`, `rust-bootstrap`.
   */
  #addTypos(word: string, ranks: Ranks, best: number): void {
    const isPart = best === RANK.partBegins;
    if (isPart && word.length < TYPO_OF_PART) return;
    for (const [place, entry] of this.#packages.entries()) {
      const typos = countNameTypos(word, entry);
      if (typos === undefined || (isPart && typos > 1)) continue;
      const rank = isPart ? best : (typos < 2 ? RANK.typo : RANK.typos) + (typos % 1) / 0.25;
      ranks[place] = Math.min(ranks[place] || rank, rank);
    }
  }

  #rankText(place: number, word: string): number {
    if (word.length < SHORT) return 0;
    const { tags, description = '', initials } = this.#packages[place] ?? {};
    const isMeant =
      word.length >= SHORTEST_INITIALS && word.length <= 4 && initials?.includes(word) && !this.isKnown(word);
    const described = rankDescription(description, word);
    const shown = tags?.includes(` ${word} `)
      ? RANK.tag
      : isMeant
        ? Math.min(described || RANK.described, RANK.described)
        : described;
    const more = shown === RANK.saidInDescription ? '' : this.#furtherOn[place];
    const parts = word.replaceAll(/[^\p{L}\p{N}+]+/gu, ' ').trim();
    if (!more || parts === '') return shown;
    const further = rankDescription(more, parts);
    if (further === RANK.saidInDescription) return RANK.saidFurtherOn;
    if (further === RANK.relatedInDescription) return Math.min(shown || Infinity, RANK.relatedFurtherOn);
    return shown || (further === RANK.described ? RANK.describedFurtherOn : 0);
  }
}

/** Whether a word of this rank is a name, rather than a part of one or something similar. */
export function isNameRank(rank: number): boolean {
  return rank > 0 && rank <= RANK.begins;
}

/** Whether words with this average rank match parts of names or files. */
export function isPartRank(rank: number): boolean {
  return rank > 0 && rank <= RANK.partEnds;
}

/** Whether words with this average rank at least occur in descriptions. */
export function isSaidRank(rank: number): boolean {
  return rank > 0 && rank <= RANK.describedFurtherOn;
}

function readPackage(index: PackageIndex, place: number): SearchedPackage {
  const name = index.names[place]?.toLowerCase() ?? '';
  const provides = index.provides[place] ?? '';
  const description = index.descriptions[place]?.toLowerCase() ?? '';
  const shortName = name.replace(PREFIX, '');
  return {
    name,
    shortName,
    joined: joinParts(name),
    joinedShort: joinParts(shortName),
    description,
    initials: readInitials(description),
    tags: ` ${index.tags[place]?.toLowerCase()} `,
    virtuals: ` ${provides} ${joinParts(provides)} ${oldCompilerName(name) ?? ''} `,
    provides,
  };
}

/** First letters of a text's words, with a space for each word without meaning: `sas fcfda`. */
function readInitials(text: string): string {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => (word.length < 3 || STOP_WORDS.has(word) ? ' ' : word[0])).join('');
}

/**
 * Removes separators: `pytorch` is py-torch, `superlu_dist` is superlu-dist, `r-data.table` is r-data-table.
 */
function joinParts(name: string): string {
  return name.replaceAll(/[-_.]/g, '');
}

function keep<Value>(cache: Map<string, Value>, word: string, find: () => Value): Value {
  const kept = cache.get(word);
  if (kept !== undefined) return kept;
  const value = find();
  if (cache.size >= MOST_KEPT) cache.clear();
  cache.set(word, value);
  return value;
}
