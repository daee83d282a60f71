/** Ranks of matches between a word and a package, the best first; 0 is no match. */
export const RANK = {
  name: 1,
  /** It provides a virtual of this name: openmpi provides mpi. */
  virtual: 2,
  /** The name without the prefix of its language: `numpy` is py-numpy. */
  shortName: 3,
  program: 4,
  /** The name begins with the word, followed by a dash or a digit. */
  begins: 5,
  beginsInside: 6,
  /** A part of the name between dashes is the word, or begins with it. */
  part: 7,
  partBegins: 8,
  /** `ssl` is the end of openssl. */
  partEnds: 9,
  /**
   * The description has exactly this word. If one only begins with it, a typing error
   * in a name is more likely.
   */
  saidInDescription: 10,
  /** A library has this name without its `lib`, or a program has it before a dash: `ompi_info`. */
  library: 10,
  /** A word with the same stem and another ending: scheduling for `scheduler`. */
  relatedInDescription: 11,
  /** The very word, behind what the list shows of a description. */
  saidFurtherOn: 11,
  /**
   * One letter is wrong, missing, extra or swapped. Up to three more by the kind of
   * error, see `countNameTypos`.
   */
  typo: 12,
  relatedFurtherOn: 12,
  inner: 15,
  file: 16,
  tag: 17,
  described: 18,
  describedFurtherOn: 19,
  inDescription: 20,
  typos: 22,
} as const;

/** Words up to this length are too common to be searched outside names, and too short for typing errors. */
export const SHORT = 3;
/** Prefixes of a language's packages. */
export const LANGUAGE_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['python', 'py-'],
  ['perl', 'perl-'],
  ['r', 'r-'],
  ['ruby', 'ruby-'],
]);
/** Endings of related words: `scheduler` and scheduling, `visualization` and visualize. */
const ENDINGS =
  '(?:ations?|ators?|ings?|ions?|i[sz]ers?|ors?|ers?|e|es|ed|y|ies|i[sz]e|ics|ical|ic|le|ilit(?:y|ies))';
const ENDING = new RegExp(`${ENDINGS}$`);
/** Minimum number of letters that related words have in common. */
const STEM = 5;
/** Minimum length of the stem of words that differ in nothing but a known ending: `parser` and parsing. */
const SHORT_STEM = 4;
/** Minimum number of letters of a word whose final `s` may be a plural. */
const PLURAL = 5;

/** Ranks a word by a package's name, and by the virtuals that it provides, each between spaces. */
export function rankName(name: string, shortName: string, virtuals: string, word: string): number {
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

/** Ranks a word by a description, in lower case. */
export function rankDescription(description: string, word: string): number {
  const singular = word.length >= PLURAL ? word.replace(/(?<!s)s$/, '') : word;
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
  if (stem === word || stem.length < SHORT_STEM || !description.includes(stem) || /\W/.test(stem))
    return rank;
  if (relatedTo(stem).test(description)) return RANK.relatedInDescription;
  const place = stem.length < STEM ? -1 : description.indexOf(stem);
  return place >= 0 && !isLetter(description[place - 1]) ? RANK.described : rank;
}

let related: { stem: string; pattern: RegExp } | undefined;

/** A pattern for words with a stem and a known ending. Made once for all descriptions. */
function relatedTo(stem: string): RegExp {
  if (related?.stem !== stem) related = { stem, pattern: new RegExp(`\\b${stem}${ENDINGS}s?\\b`) };
  return related.pattern;
}

/** Whether a part of a name ends before a position: at its end, at a dash, or before digits. */
function isBoundary(name: string, place: number): boolean {
  const next = name[place] ?? '';
  return !/[a-z]/.test(next);
}

/** Whether a word ends at a position, or before a plural `s`. */
function isEnd(text: string, place: number): boolean {
  return !isLetter(text[place]) || (text[place] === 's' && !isLetter(text[place + 1]));
}

function isLetter(letter = ''): boolean {
  return /[a-z0-9]/.test(letter);
}
