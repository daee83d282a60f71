import type { Meaning, Vocabulary } from './meaning.ts';

/** What words are looked for in. */
interface SearchedPackages extends Vocabulary {
  /** The set of files of each row, once the files are there. */
  fileSets?: Int32Array;
}

/** What packages may fit, by those of the words that some package has all of. */
interface Candidates {
  candidates: Candidate[];
  words: string[];
  ignored: string[];
}

/**
 * Packages that have all words. Where none has, the one word counts that is what something is called: of `cuda toolkit`
 * and `bwa-mem` the first.
 */
export function findCandidates(engine: SearchedPackages, meaning: Meaning): Candidates {
  const { words } = meaning;
  const candidates = rankPackages(engine, meaning);
  const parts = words.flatMap((word) => word.split('-')).filter(Boolean);
  // Until the files are there, nobody knows what is called so.
  if (candidates.length > 0 || parts.length < 2 || !engine.fileSets)
    return { candidates, words, ignored: [] };
  const most = words.length > 2 ? withoutOne(engine, meaning) : undefined;
  const [own = most ?? withoutOne(engine, meaning)] = [...new Set([...words, ...parts])]
    .map((word) => ({ words: [word], found: rankPackages(engine, { ...meaning, words: [word] }) }))
    .filter(({ found: [best] }) => best && engine.words.isName(best.rank))
    .sort((left, right) => (left.found[0]?.rank ?? 0) - (right.found[0]?.rank ?? 0));
  const kept = most ?? own;
  if (!kept) return { candidates, words, ignored: [] };
  const others = words.length > 1 ? words : parts;
  return {
    candidates: kept.found,
    words: kept.words,
    ignored: others.filter((word) => !kept.words.includes(word)),
  };
}

/** Several words without the one that fits the most packages, where descriptions say the others. */
function withoutOne(
  engine: SearchedPackages,
  meaning: Meaning,
): { words: string[]; found: Candidate[] } | undefined {
  const [best] = meaning.words
    .map((word) => meaning.words.filter((other) => other !== word))
    .filter((words) => words.length > 0)
    .map((words) => ({ words, found: rankPackages(engine, { ...meaning, words }) }))
    .filter(({ words, found: [first] }) => first && engine.words.isSaid(first.rank / words.length))
    .sort((left, right) => left.found.length - right.found.length);
  return best;
}

/** A package that some rows of may fit, and whether its name alone says so. */
interface Candidate {
  place: number;
  rank: number;
  certain: boolean;
}

/**
 * Packages by how well the words fit them; of equal rank those with more builds first, then the shorter name. Until
 * the files are there no package is found by what it ships.
 */
function rankPackages(engine: SearchedPackages, { words, version, variants }: Meaning): Candidate[] {
  const { packages } = engine;
  // `hdf5@1.14`: no other package's version, or variant, is meant.
  const own = words.length === 1 ? engine.places.get(words[0] ?? '') : undefined;
  if (own !== undefined && (version !== undefined || variants.length > 0))
    return [{ place: own, rank: 1, certain: true }];
  const ranks = words.map((word) => engine.words.rankPackages(word));
  const files = words.map((word) => rankByFiles(engine, word));
  const phrase = words.length > 1 ? words.join(' ').replace(/s$/, '') : undefined;
  // `climate data operators` is cdo rather than py-cdo.
  const initials = words.map((word) => word[0]).join('');
  const candidates: Candidate[] = [];
  for (let place = 0; place < packages.names.length; place += 1) {
    let [sum, certain, found] = [0, true, true];
    for (const [index, rank] of ranks.entries()) {
      const [byName, byFile] = [rank[place] ?? 0, files[index]?.[place] ?? 0];
      // Found by its description or a typing error alone, a package that ships a file of this name ranks by the file.
      const value = byName > 0 && byFile > 0 ? Math.min(byName, byFile) : byName || byFile;
      if (value === 0) found = false;
      if (byName === 0) certain = false;
      sum += value;
    }
    const isMeant = words.length > 2 && packages.names[place] === initials;
    if (found && (isMeant || (phrase !== undefined && engine.words.hasPhrase(place, phrase))))
      sum = Math.min(sum, engine.words.phraseRank * words.length - Number(isMeant));
    if (found) candidates.push({ place, rank: sum, certain });
  }
  if (words.length === 0) return candidates;
  const builds = (place: number): number => packages.builds[place] ?? 0;
  const length = (place: number): number => packages.names[place]?.length ?? 0;
  return candidates.sort(
    (left, right) =>
      left.rank - right.rank ||
      builds(right.place) - builds(left.place) ||
      length(left.place) - length(right.place) ||
      left.place - right.place,
  );
}

/** The best rank that a file of any row gives its package. */
function rankByFiles(engine: SearchedPackages, word: string): Uint8Array | undefined {
  const marks = engine.words.markFiles(word);
  const { fileSets, builds } = engine;
  if (!marks || !fileSets) return undefined;
  const ranks = new Uint8Array(engine.packages.names.length);
  for (const [row, place] of builds.rows.package.entries()) {
    const mark = marks[fileSets[row] ?? 0] ?? 0;
    if (mark > 0 && (ranks[place] === 0 || mark < (ranks[place] ?? 0))) ranks[place] = mark;
  }
  return ranks;
}

/** Checks a row whose package does not have every word in its name: its files must have the others. */
export function fileChecker(
  engine: SearchedPackages,
  { words }: Meaning,
): (place: number, row: number) => boolean {
  const checks = words.map((word) => ({
    ranks: engine.words.rankPackages(word),
    marks: engine.words.markFiles(word),
  }));
  return (place, row) => {
    const set = engine.fileSets?.[row] ?? 0;
    return checks.every(({ ranks, marks }) => Boolean(ranks[place]) || Boolean(marks?.[set]));
  };
}
