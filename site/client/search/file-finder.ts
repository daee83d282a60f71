import type { FileIndex } from '../../schemas/search/file-index.ts';
import { RANK, SHORT } from './ranks.ts';

/** Ending of a library's file name: `.so.310`. */
const LIBRARY_ENDING = /\.(?:so|dylib)\b.*$/;

/** Finds programs and libraries, and the sets of files that have them. */
export class FileFinder {
  readonly #index: FileIndex;
  /** Names in lower case. */
  readonly #names: string[];
  /** Names without a library's ending. */
  readonly #shortNames: Set<string>;
  /** Indexes of names, for each set. */
  readonly #sets: number[][];
  /** Sets that have a name, for each name. */
  readonly #setsOf: number[][];
  /** Indexes of packages, for each set. */
  readonly #packagesOf: Set<number>[];

  /** @param packages index of each row's package */
  constructor(index: FileIndex, packages: readonly number[]) {
    this.#index = index;
    this.#names = index.names.map((name) => name.toLowerCase());
    this.#shortNames = new Set(this.#names.map((name) => name.replace(LIBRARY_ENDING, '')));
    this.#sets = index.sets.map(sumUp);
    this.#setsOf = index.names.map(() => []);
    for (const [set, files] of this.#sets.entries()) for (const file of files) this.#setsOf[file]?.push(set);
    this.#packagesOf = index.sets.map(() => new Set());
    for (const [row, set] of index.rows.entries()) this.#packagesOf[set]?.add(packages[row] ?? -1);
  }

  /** Whether a program or library has exactly this name. */
  has(word: string): boolean {
    return this.#shortNames.has(word);
  }

  /**
   * Ranks the sets of files by a word: `RANK.program` if a program or library has this name,
   * `RANK.library` if a library has it without its `lib`, `RANK.file` if a name begins with it.
   */
  mark(word: string): Uint8Array {
    const marks = new Uint8Array(this.#sets.length);
    for (const [place, name] of this.#names.entries()) {
      const rank = rankFile(name, word);
      if (rank === 0) continue;
      for (const set of this.#setsOf[place] ?? []) marks[set] = Math.min(marks[set] || rank, rank);
    }
    return marks;
  }

  /** Best rank that the marked sets give each package. */
  rankPackages(marks: Uint8Array, packages: number): Uint8Array {
    const ranks = new Uint8Array(packages);
    for (const [set, rank] of marks.entries()) {
      if (rank === 0) continue;
      for (const place of this.#packagesOf[set] ?? []) ranks[place] = Math.min(ranks[place] || rank, rank);
    }
    return ranks;
  }

  /** The file in a set that a word matches. */
  find(word: string, set: number): string | undefined {
    const [best] = (this.#sets[set] ?? [])
      .map((file) => ({ file, rank: rankFile(this.#names[file] ?? '', word) }))
      .filter(({ rank }) => rank > 0)
      .sort((left, right) => left.rank - right.rank);
    return best && this.#index.names[best.file];
  }
}

/** Ranks a file name: `h5dump` is the program; `hdf5`, `libhdf5` and `libhdf5.so` all mean libhdf5.so.310. */
function rankFile(name: string, word: string): number {
  const own = name.startsWith(word);
  const library = name.startsWith('lib') && name.startsWith(word, 'lib'.length);
  if (!own && !library) return 0;
  const rest = name.slice(word.length + (own ? 0 : 'lib'.length));
  const isWhole = /^(?:\.(so|dylib)\b|[_-])/.test(rest);
  if (own && (rest === '' || /^\.(so|dylib)\b/.test(rest) || (word.endsWith('.so') && rest[0] === '.')))
    return RANK.program;
  if (word.length < SHORT) return 0;
  return isWhole ? RANK.library : RANK.file;
}

function sumUp(distances: number[]): number[] {
  let place = 0;
  return distances.map((distance) => (place += distance));
}
