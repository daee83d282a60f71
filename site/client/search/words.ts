import uFuzzy from '@leeoniya/ufuzzy';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';

/** How well a word fits a package: 0 not at all, else the lower the better. */
export type Ranks = Uint8Array;

const [EXACT, BEGINS, PART, TAG, DESCRIPTION, TYPO] = [1, 2, 4, 5, 7, 20];
/** A word this short is in too much to be looked for anywhere but in names, and hides no typing error. */
const SHORT = 3;
/** Words whose ranks are kept: while one types only the last word changes. */
const MOST_KEPT = 64;

/** Finds packages and sets of files by words. */
export interface WordFinder {
  rankPackages(word: string): Ranks;
  /** Marks the sets of files with a name that begins with the word; undefined without the files, or for a short word. */
  markFiles(word: string): Uint8Array | undefined;
  /** The file of a set that a word found. */
  findFile(word: string, set: number): string | undefined;
  addFiles(files: FileIndex): void;
}

export function createWordFinder(packages: PackageIndex): WordFinder {
  const names = packages.names.map((name) => name.toLowerCase());
  const descriptions = packages.descriptions.map((text) => text.toLowerCase());
  const tags = packages.tags.map((text) => ` ${text.toLowerCase()} `);
  const fuzzy = new uFuzzy({ intraMode: 1, intraIns: 1, intraSub: 1, intraTrn: 1, intraDel: 1 });
  const ranks = new Map<string, Ranks>();
  const marks = new Map<string, Uint8Array>();
  let files: { index: FileIndex; names: string[]; sets: number[][] } | undefined;

  function rankPackages(word: string): Ranks {
    const found = new Uint8Array(names.length);
    let named = false;
    for (const [place, name] of names.entries()) {
      const rank = rankName(name, word);
      if (rank > 0) named = true;
      found[place] = rank || rankText(place, word);
    }
    if (!named && word.length >= SHORT) {
      for (const place of fuzzy.filter(names, word) ?? []) {
        const distance = Math.abs((names[place]?.length ?? 0) - word.length);
        found[place] = TYPO + Math.min(distance, 100);
      }
    }
    return found;
  }

  function rankText(place: number, word: string): number {
    if (word.length < SHORT) return 0;
    if (tags[place]?.includes(` ${word} `)) return TAG;
    return descriptions[place]?.includes(word) ? DESCRIPTION : 0;
  }

  function markFiles(word: string): Uint8Array | undefined {
    if (!files || word.length < SHORT) return undefined;
    const wanted = files.names.map((name) => isFile(name, word));
    return Uint8Array.from(files.sets, (set) => (set.some((place) => wanted[place]) ? 1 : 0));
  }

  return {
    rankPackages: (word) => keep(ranks, word, rankPackages),
    markFiles: (word) => (files ? keep(marks, word, markFiles) : undefined),
    findFile: (word, set) => {
      const place = files?.sets[set]?.find((file) => isFile(files?.names[file] ?? '', word));
      return place === undefined ? undefined : files?.index.names[place];
    },
    addFiles: (index) => {
      files = { index, names: index.names.map((name) => name.toLowerCase()), sets: index.sets.map(sumUp) };
    },
  };
}

function rankName(name: string, word: string): number {
  const place = name.indexOf(word);
  if (place < 0) return 0;
  if (name.length === word.length) return EXACT;
  // `numpy` is as good as found in `py-numpy`.
  if (place === 0 || (name.endsWith(word) && name[place - 1] === '-')) return BEGINS;
  return word.length > 1 ? PART : 0;
}

/** `hdf5` finds `libhdf5.so` as well. */
function isFile(name: string, word: string): boolean {
  return name.startsWith(word) || (name.startsWith('lib') && name.startsWith(word, 'lib'.length));
}

function sumUp(distances: number[]): number[] {
  let place = 0;
  return distances.map((distance) => (place += distance));
}

function keep<Value>(
  known: Map<string, Value>,
  word: string,
  find: (word: string) => Value | undefined,
): Value | (undefined & Value);
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
