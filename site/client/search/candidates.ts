import type { Meaning, Vocabulary } from './meaning.ts';
import { LANGUAGE_PREFIXES, RANK } from './ranks.ts';
import { isNameRank, isPartRank, isSaidRank, type Ranks } from './words.ts';

/** Data in which words are searched. */
interface SearchedPackages extends Vocabulary {
  /** Set of files of each row, once the files are loaded. */
  fileSets?: Int32Array;
}

/** Generic words. Next to two more specific words, they need not occur in the description. */
const KIND =
  /^(?:application|framework|implementation|package|program|software|suite|tool|toolkit)s?$|^(?:librar|utilit)(?:y|ies)$/;

/** Packages that may match, and the words that they match. */
interface Candidates {
  candidates: Candidate[];
  words: string[];
  ignored: string[];
  /** Whether no package's name has these words. */
  isWeak: boolean;
}

/**
 * Packages with all words or, if there are none, with the most specific words: for `bwa-mem`, the first one.
 */
export function findCandidates(engine: SearchedPackages, meaning: Meaning): Candidates {
  const { words } = meaning;
  const candidates = rankPackages(engine, meaning);
  const rank = (candidates[0]?.rank ?? Infinity) / words.length;
  const whole = { candidates, words, ignored: [], isWeak: words.length > 0 && !isPartRank(rank) };
  const parts = words.length > 1 ? words : words.flatMap((word) => word.split('-')).filter(Boolean);
  const isSaid = words.length > 1 ? isSaidRank : isNameRank;
  // Before the files are loaded, it is not known whether a file has this name.
  if (candidates.length > 0 || parts.length < 2 || !engine.fileSets) return whole;
  const kept = chooseWords(engine, parts, isSaid);
  if (kept.length === 0) return whole;
  return {
    candidates: rankPackages(engine, { ...meaning, words: kept }),
    words: kept,
    ignored: parts.filter((word) => !kept.includes(word)),
    isWeak: true,
  };
}

/** Share of a search's words, by weight, that a package must have to be shown without the others. */
const LEAST_SHARE = 1 / 3;

/** Weight of a name in addition to that of its word in descriptions: `parallel` is a name and a common word. */
const NAME_BONUS = 3;

/**
 * The words of a search that the best matching package has, and those that are its name. Rarer words count
 * more. Empty if the best match is only a small part of the search.
 */
function chooseWords(
  engine: SearchedPackages,
  words: readonly string[],
  isSaid: (rank: number) => boolean,
): string[] {
  const total = engine.packages.names.length;
  const weighted = words.map((word, index) => {
    const { ranks } = rankWord(engine, word, words);
    const hits = ranks.reduce((count, rank) => count + Number(isSaid(rank)), 0);
    const inText = Math.log((total + 1) / (hits + 0.5));
    // Of several names, prefer the first: for `elfutils-libelf`, elfutils.
    const name = Math.min(Math.log(total), inText + NAME_BONUS) - index / 100;
    return { word, ranks, name, inText };
  });
  const languages = weighted.filter(({ word }) => LANGUAGE_PREFIXES.has(word));
  const others = weighted.filter((entry) => !languages.includes(entry));
  // `jit compiler for python`: the best package of that language, if one has any of the other words.
  const ofLanguage = findBest(engine, others, isSaid, (place) =>
    languages.every(({ ranks }) => isNameRank(ranks[place] ?? 0)),
  );
  const best =
    languages.length > 0 && ofLanguage.score > 0
      ? ofLanguage
      : findBest(engine, weighted, isSaid, () => true);
  const kept = weighted.filter(({ ranks }) => isSaid(ranks[best.place] ?? 0));
  const most = weighted.reduce((sum, { inText }) => sum + inText, 0);
  const isCalled = kept.some(({ ranks }) => isNameRank(ranks[best.place] ?? 0));
  return isCalled || best.score >= LEAST_SHARE * most ? kept.map(({ word }) => word) : [];
}

interface WeightedWord {
  ranks: Ranks;
  /** Weight in a name, and in a description. */
  name: number;
  inText: number;
}

/** Weight of a description's length, from 0 to 1: words in a long one say less of what a package is. */
const BY_LENGTH = 0.5;

/** The package that matches the most words, by weight. */
function findBest(
  { packages, words }: SearchedPackages,
  weighted: readonly WeightedWord[],
  isSaid: (rank: number) => boolean,
  isWanted: (place: number) => boolean,
): { score: number; place: number } {
  let best = { score: 0, place: -1 };
  for (const place of packages.names.keys()) {
    if (!isWanted(place)) continue;
    const length = Math.sqrt(1 - BY_LENGTH + BY_LENGTH * words.relativeLength(place));
    let score = 0;
    for (const { ranks, name, inText } of weighted) {
      const rank = ranks[place] ?? 0;
      if (isSaid(rank)) score += isNameRank(rank) ? name : inText / length;
    }
    if (score > best.score) best = { score, place };
  }
  return best;
}

/** A package with rows that may match, and whether its name alone is a match. */
interface Candidate {
  place: number;
  rank: number;
  isCertain: boolean;
}

/**
 * Packages by the quality of the match; at the same rank, those with more builds first, then shorter names.
 * Before the files are loaded, no package is found by its files.
 */
function rankPackages(engine: SearchedPackages, { words, version, variants }: Meaning): Candidate[] {
  const { packages } = engine;
  // `hdf5@1.14`: version and variants belong to this package.
  const own = words.length === 1 ? engine.places.get(words[0] ?? '') : undefined;
  if (own !== undefined && (version !== undefined || variants.length > 0))
    return [{ place: own, rank: 1, isCertain: true }];
  const rankings = words.map((word) => rankWord(engine, word, words));
  const telling = words.filter((word) => !KIND.test(word));
  const isOptional = words.map((word) => telling.length > 1 && KIND.test(word));
  const phraseOf = (some: readonly string[]): string | undefined =>
    some.length > 1 ? some.join(' ').replace(/s$/, '') : undefined;
  const phrase = phraseOf(words);
  const shorter = telling.length < words.length ? phraseOf(telling) : undefined;
  const initials = words.map((word) => word.replaceAll(/\W/g, '')[0] ?? '').join('');
  // A description may have `CFD` instead of `computational fluid dynamics`.
  const short = initials.length > 2 ? new RegExp(`(?<![A-Z])${initials.toUpperCase()}(?![A-Z])`) : undefined;
  const areVirtual = engine.words.isVirtual(initials);
  const sumOf = (ranks: readonly number[]): number => ranks.reduce((sum, rank) => sum + rank, 0);
  const phraseRank = (place: number, text: string | undefined, { length }: readonly string[]): number =>
    text === undefined ? Infinity : (engine.words.rankPhrase(place, text) ?? Infinity) * length;
  const candidates: Candidate[] = [];
  for (let place = 0; place < packages.names.length; place += 1) {
    const missing = rankings.filter(({ ranks }, index) => !ranks[place] && !isOptional[index]).length;
    const isMeant =
      initials.length > 2 &&
      (isAbbreviation(packages.names[place] ?? '', initials) ||
        (areVirtual && ` ${packages.provides[place]} `.includes(` ${initials} `)));
    // A description that begins with the package's own name says nothing about its meaning.
    const isShort =
      packages.names[place] !== initials && (short?.test(packages.descriptions[place] ?? '') ?? false);
    if (missing > (isMeant ? words.length / 2 : 0) && !isShort) continue;
    const ranks = rankings.map(
      ({ ranks }, index) => ranks[place] || (isOptional[index] ? RANK.typo : RANK.saidInDescription),
    );
    const optional = sumOf(ranks.filter((_, index) => isOptional[index]));
    const best = isMeant
      ? RANK.part * words.length - 1
      : Math.min(phraseRank(place, phrase, words), phraseRank(place, shorter, telling) + optional);
    const isCertain =
      isMeant || isShort || rankings.every(({ byName }, index) => byName[place] || isOptional[index]);
    candidates.push({ place, rank: Math.min(sumOf(ranks), best), isCertain });
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

/**
 * Whether a name is the initials: `climate data operators` is cdo, `fast fourier
 * transform` is fftw (one more letter).
 */
function isAbbreviation(name: string, initials: string): boolean {
  return name.startsWith(initials) && name.length <= initials.length + 1;
}

/**
 * Ranks a word by names, descriptions and files of packages. A package that matches only by its description
 * or with a typing error, but has a file of this name, ranks by the file. Next to other words, `python` means
 * all Python packages, and packages that only mention it come later.
 */
function rankWord(
  engine: SearchedPackages,
  word: string,
  words: readonly string[],
): { ranks: Ranks; byName: Ranks } {
  const prefix = words.length > 1 ? LANGUAGE_PREFIXES.get(word) : undefined;
  // `profiler for mpi` does not mean providers of MPI.
  const ranking = engine.words.rankPackages(word);
  const own =
    words.length > 1 && engine.words.isVirtual(word)
      ? ranking.map((rank) => (rank === RANK.virtual ? RANK.part : rank))
      : ranking;
  const { names } = engine.packages;
  const byName =
    prefix === undefined
      ? own
      : own.map((rank, place) =>
          names[place]?.startsWith(prefix)
            ? Math.min(rank || Infinity, RANK.begins)
            : rank < RANK.saidInDescription
              ? rank
              : Math.max(rank, RANK.described),
        );
  const byFile = engine.words.rankByFiles(word);
  const ranks = byFile
    ? byName.map((rank, place) => Math.min(rank || Infinity, byFile[place] || rank || Infinity))
    : byName;
  return { ranks, byName };
}

/** Checks a row of a package whose name does not have all words: its files must have the others. */
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
