/** How well a word fits a package, the best first; 0 is not at all. */
export const RANK = {
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
  /** A library is called so, without its `lib`; or a program before a dash: `ompi_info`. */
  library: 10,
  /** The very word, behind what the list shows of a description. */
  saidFurtherOn: 11,
  /** One letter is wrong, missing, too many or swapped; up to three more by what was mistyped, see there. */
  typo: 12,
  inner: 15,
  file: 16,
  tag: 17,
  described: 18,
  describedFurtherOn: 19,
  inDescription: 20,
  typos: 22,
} as const;

/** A word this short is in too much to be looked for anywhere but in names, and hides no typing error. */
export const SHORT = 3;
/** What packages of a language begin with. */
export const LANGUAGE_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['python', 'py-'],
  ['perl', 'perl-'],
  ['r', 'r-'],
  ['ruby', 'ruby-'],
]);
/** What makes other words of one: `scheduler` of scheduling, `visualization` of visualize. */
const ENDING = /(?:ations?|ators?|ings?|ions?|i[sz]ers?|ors?|ers?|e|ed|y|ies)$/;
/** The least letters of what such words share. */
const STEM = 5;
/** Letters from which on an `s` at the end may be that of several. */
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
  const place = stem === word || stem.length < STEM ? -1 : description.indexOf(stem);
  return place >= 0 && !isLetter(description[place - 1]) ? RANK.described : rank;
}

/** Whether a part of a name ends before a place: at its end, at a dash, or where digits begin. */
function isBoundary(name: string, place: number): boolean {
  const next = name[place] ?? '';
  return !/[a-z]/.test(next);
}

/** Whether a word ends at a place, or before the `s` of several. */
function isEnd(text: string, place: number): boolean {
  return !isLetter(text[place]) || (text[place] === 's' && !isLetter(text[place + 1]));
}

function isLetter(letter = ''): boolean {
  return /[a-z0-9]/.test(letter);
}
