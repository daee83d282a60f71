import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { WordIndex } from '../../schemas/search/word-index.ts';
import { STOP_WORDS } from '../../lib/search/description-words.ts';
import { oldCompilerName } from '../../lib/spack/compiler-names.ts';
import { FileFinder } from './file-finder.ts';
import { RANK, rankDescription, rankName, SHORT } from './ranks.ts';
import { synonymsOf } from './synonyms.ts';
import { countNameTypos, ONE_TYPO } from './typing-errors.ts';

/** How well a word fits each package: 0 not at all, else the lower the better. */
export type Ranks = Uint8Array;

/** Words whose ranks are kept: while one types only the last word changes. */
const MOST_KEPT = 64;
/** What packages of a language or kind begin with. */
const PREFIX = /^(?:c-|py-|r-|perl-|lua-|ruby-|go-|rust-|node-|lib|netlib-)/;

/** A description says within so many characters what a package is, and then what else it has to do with. */
const EARLY = 24;
/** Letters from which on a word may be the initials of others. */
const SHORTEST_INITIALS = 3;

/** Letters from which on a word that a part of a name begins with may be another name with a typing error. */
const TYPO_OF_PART = 5;

/** What words are looked for in, of one package; all in lower case. */
interface SearchedPackage {
  name: string;
  shortName: string;
  /** Both without dashes and the like. */
  joined: string;
  joinedShort: string;
  description: string;
  /** The first letters of the description's words, see there. */
  initials: string;
  /** Each between spaces. */
  tags: string;
  /** Virtuals, each between spaces, as they are and joined. */
  virtuals: string;
  provides: string;
}

/** Finds packages and sets of files by words. */
export class WordFinder {
  readonly #packages: SearchedPackage[];
  readonly #virtuals: Set<string>;
  readonly #known: Set<string>;
  readonly #ranks = new Map<string, Ranks>();
  readonly #marks = new Map<string, Uint8Array>();
  #files: FileFinder | undefined;
  #furtherOn: WordIndex = [];

  constructor(index: PackageIndex) {
    this.#packages = index.names.map((_, place) => readPackage(index, place));
    this.#virtuals = new Set(this.#packages.flatMap(({ virtuals }) => virtuals.split(' ')));
    this.#known = new Set([
      ...this.#virtuals,
      // `libicu-dev` is of icu4c.
      ...this.#packages.flatMap(({ name, shortName, joined }) => [
        name,
        shortName,
        joined,
        name.replace(/(?<=[a-z]{3})\d{1,2}[a-z]?$/, ''),
      ]),
    ]);
    this.#known.delete('');
  }

  /**
   * Lets searches find programs and libraries from now on.
   * @param packages the place of each row's package
   */
  addFileIndex(files: FileIndex, packages: readonly number[]): void {
    this.#files = new FileFinder(files, packages);
    this.#marks.clear();
  }

  /** Lets searches find what descriptions say behind what the list shows of them. */
  addWordIndex(words: WordIndex): void {
    this.#furtherOn = words;
    this.#ranks.clear();
  }

  rankPackages(word: string): Ranks {
    return keep(this.#ranks, word, () => this.#rankPackages(word));
  }

  /** Marks the sets of files that have a word, see there. Undefined without the files, or for a short word. */
  markFiles(word: string): Uint8Array | undefined {
    const files = this.#files;
    return files && word.length > 1 ? keep(this.#marks, word, () => files.mark(word)) : undefined;
  }

  /** Ranks packages by what they ship; undefined like the marks. */
  rankByFiles(word: string): Ranks | undefined {
    const marks = this.markFiles(word);
    return marks && this.#files?.rankPackages(marks, this.#packages.length);
  }

  /** The file of a set that a word found. */
  findFile(word: string, set: number): string | undefined {
    return this.#files?.find(word, set);
  }

  isVirtual(word: string): boolean {
    return this.#virtuals.has(word);
  }

  /** Whether a package, a virtual, a program or a library is called exactly so, with or without what names begin with. */
  isKnown(word: string): boolean {
    return this.#known.has(word) || this.#known.has(joinParts(word)) || (this.#files?.has(word) ?? false);
  }

  /** The rank of each word of a phrase that a package's description has in a row; undefined where it has not. */
  rankPhrase(place: number, phrase: string): number | undefined {
    const at = this.#packages[place]?.description.indexOf(phrase) ?? -1;
    if (at >= 0) return at < EARLY ? RANK.part : RANK.partBegins;
    return this.#furtherOn[place]?.includes(phrase) ? RANK.partEnds : undefined;
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

  /** Where something has a part that begins with the word, as `rust-bootstrap` does with `boots`, only whole names with one. */
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
    const said = rankDescription(description, word);
    const shown = tags?.includes(` ${word} `)
      ? RANK.tag
      : isMeant
        ? Math.min(said || RANK.described, RANK.described)
        : said;
    const more = shown === RANK.saidInDescription ? '' : this.#furtherOn[place];
    const parts = word.replaceAll(/[^\p{L}\p{N}+]+/gu, ' ').trim();
    if (!more || parts === '') return shown;
    const further = rankDescription(more, parts);
    if (further === RANK.saidInDescription) return RANK.saidFurtherOn;
    return shown || (further === RANK.described ? RANK.describedFurtherOn : 0);
  }
}

/** Whether something is called by a word of this rank, and not only a part of it or something like it. */
export function isNameRank(rank: number): boolean {
  return rank > 0 && rank <= RANK.begins;
}

/** Whether words of this rank on average are parts of names, or of what is shipped. */
export function isPartRank(rank: number): boolean {
  return rank > 0 && rank <= RANK.partEnds;
}

/** Whether words of this rank on average are at least something that descriptions say. */
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

/** The first letters of a text's words, with a space for each that says nothing: `sas fcfda`. */
function readInitials(text: string): string {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => (word.length < 3 || STOP_WORDS.has(word) ? ' ' : word[0])).join('');
}

/** `pytorch` is py-torch, `superlu_dist` superlu-dist, and `r-data.table` r-data-table. */
function joinParts(name: string): string {
  return name.replaceAll(/[-_.]/g, '');
}

function keep<Value>(known: Map<string, Value>, word: string, find: () => Value): Value {
  const kept = known.get(word);
  if (kept !== undefined) return kept;
  const value = find();
  if (known.size >= MOST_KEPT) known.clear();
  known.set(word, value);
  return value;
}
