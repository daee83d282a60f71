import type { Meaning, Vocabulary } from './meaning.ts';
import { LANGUAGE_PREFIXES, RANK } from './ranks.ts';
import { isNameRank, isPartRank, isSaidRank, type Ranks } from './words.ts';

/** What words are looked for in. */
interface SearchedPackages extends Vocabulary {
  /** The set of files of each row, once the files are there. */
  fileSets?: Int32Array;
}

/** What many a thing is: next to two words that say more, descriptions need not have it. */
const KIND =
  /^(?:application|framework|implementation|package|program|software|suite|tool|toolkit)s?$|^(?:librar|utilit)(?:y|ies)$/;

/** What packages may fit, by those of the words that some package has all of. */
interface Candidates {
  candidates: Candidate[];
  words: string[];
  ignored: string[];
  /** Whether no package's name has these words. */
  isWeak: boolean;
}

/** Packages that have all words; where none has, those that have the words that say most: of `bwa-mem` the first. */
export function findCandidates(engine: SearchedPackages, meaning: Meaning): Candidates {
  const { words } = meaning;
  const candidates = rankPackages(engine, meaning);
  const rank = (candidates[0]?.rank ?? Infinity) / words.length;
  const whole = { candidates, words, ignored: [], isWeak: words.length > 0 && !isPartRank(rank) };
  const parts = words.length > 1 ? words : words.flatMap((word) => word.split('-')).filter(Boolean);
  const isSaid = words.length > 1 ? isSaidRank : isNameRank;
  // Until the files are there, nobody knows what is called so.
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

/** The share of what was asked for that something must have to be shown without the rest. */
const LEAST_SHARE = 1 / 3;

/**
 * The words that the package has that has the most of a search, the rarer ones counting more, and those that are its
 * name. None where that is little of what was asked for.
 */
function chooseWords(
  engine: SearchedPackages,
  words: readonly string[],
  isSaid: (rank: number) => boolean,
): string[] {
  const total = engine.packages.names.length;
  // Of several names the first is meant: of `elfutils-libelf` elfutils.
  const name = Math.log(total);
  const asked = words.map((word, index) => {
    const { ranks } = rankWord(engine, word, words);
    const found = ranks.reduce((count, rank) => count + Number(isSaid(rank)), 0);
    return { word, ranks, name: name - index / 100, said: Math.log((total + 1) / (found + 0.5)) };
  });
  const languages = asked.filter(({ word }) => LANGUAGE_PREFIXES.has(word));
  const others = asked.filter((one) => !languages.includes(one));
  // `jit compiler for python`: the best of that language, where one has any of the other words.
  const ofLanguage = findBest(others, isSaid, total, (place) =>
    languages.every(({ ranks }) => isNameRank(ranks[place] ?? 0)),
  );
  const best =
    languages.length > 0 && ofLanguage.score > 0 ? ofLanguage : findBest(asked, isSaid, total, () => true);
  const kept = asked.filter(({ ranks }) => isSaid(ranks[best.place] ?? 0));
  const most = asked.reduce((sum, { said }) => sum + said, 0);
  const isCalled = kept.some(({ ranks }) => isNameRank(ranks[best.place] ?? 0));
  return isCalled || best.score >= LEAST_SHARE * most ? kept.map(({ word }) => word) : [];
}

interface AskedWord {
  ranks: Ranks;
  /** What it counts as a name, and in a description. */
  name: number;
  said: number;
}

/** The package that has the most of some words. */
function findBest(
  words: readonly AskedWord[],
  isSaid: (rank: number) => boolean,
  total: number,
  isWanted: (place: number) => boolean,
): { score: number; place: number } {
  let best = { score: 0, place: -1 };
  for (let place = 0; place < total; place += 1) {
    if (!isWanted(place)) continue;
    let score = 0;
    for (const { ranks, name, said } of words) {
      const rank = ranks[place] ?? 0;
      if (isSaid(rank)) score += isNameRank(rank) ? name : said;
    }
    if (score > best.score) best = { score, place };
  }
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
  const found = words.map((word) => rankWord(engine, word, words));
  const telling = words.filter((word) => !KIND.test(word));
  const isOptional = words.map((word) => telling.length > 1 && KIND.test(word));
  const phraseOf = (some: readonly string[]): string | undefined =>
    some.length > 1 ? some.join(' ').replace(/s$/, '') : undefined;
  const [phrase, shorter] = [words, telling].map(phraseOf);
  const initials = words.map((word) => word.replaceAll(/\W/g, '')[0] ?? '').join('');
  // A description may say `CFD` for `computational fluid dynamics`.
  const short = initials.length > 2 ? new RegExp(`(?<![A-Z])${initials.toUpperCase()}(?![A-Z])`) : undefined;
  const candidates: Candidate[] = [];
  for (let place = 0; place < packages.names.length; place += 1) {
    const missing = found.filter(({ ranks }, index) => !ranks[place] && !isOptional[index]).length;
    const isMeant =
      initials.length > 2 &&
      (isAbbreviation(packages.names[place] ?? '', initials) ||
        ` ${packages.provides[place]} `.includes(` ${initials} `));
    const isShort = short?.test(packages.descriptions[place] ?? '') ?? false;
    if (missing > (isMeant ? words.length / 2 : 0) && !isShort) continue;
    const ranks = found.map(
      ({ ranks }, index) => ranks[place] || (isOptional[index] ? RANK.typo : RANK.saidInDescription),
    );
    const sumOf = (some: readonly number[]): number => some.reduce((sum, rank) => sum + rank, 0);
    const sum = sumOf(ranks);
    const rankOf = (some: string | undefined): number =>
      (some === undefined ? undefined : engine.words.rankPhrase(place, some)) ?? Infinity;
    const best = isMeant
      ? RANK.part * words.length - 1
      : Math.min(
          rankOf(phrase) * words.length,
          rankOf(shorter) * telling.length + sumOf(ranks.filter((_, index) => isOptional[index])),
        );
    const certain =
      isMeant || isShort || found.every(({ byName }, index) => byName[place] || isOptional[index]);
    candidates.push({ place, rank: Math.min(sum, best), certain });
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

/** `climate data operators` is cdo, `fast fourier transform` fftw: a letter or a digit may follow. */
function isAbbreviation(name: string, initials: string): boolean {
  return name.startsWith(initials) && name.length <= initials.length + 1;
}

/**
 * Ranks a word by what packages are called and say, and by what they ship: found by its description or a typing error
 * alone, a package that ships a file of this name ranks by the file. Next to other words `python` is all of
 * Python, and what only says so comes behind.
 */
function rankWord(
  engine: SearchedPackages,
  word: string,
  words: readonly string[],
): { ranks: Ranks; byName: Ranks } {
  const prefix = words.length > 1 ? LANGUAGE_PREFIXES.get(word) : undefined;
  // `profiler for mpi`: what provides MPI is not what is meant.
  const own = engine.words
    .rankPackages(word)
    .map((rank) => (words.length > 1 && rank === RANK.virtual ? RANK.part : rank));
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
