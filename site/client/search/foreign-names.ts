import type { WordFinder } from './words.ts';
import { ownValue } from '../../schemas/safe-text.ts';

/** Other names of packages, or words for their purpose, that follow no rule. */
const NICKNAMES: Readonly<Record<string, string>> = {
  bs4: 'py-beautifulsoup4',
  'build-essential': 'gcc',
  cli: 'command',
  cv2: 'opencv',
  gnupg: 'gpg',
  golang: 'go',
  gtk: 'gtkplus',
  gtest: 'googletest',
  icc: 'intel-oneapi-compilers',
  k8s: 'kubernetes',
  pil: 'py-pillow',
  qt5: 'qt',
  qt6: 'qt-base',
  scalapack: 'netlib-scalapack',
  skimage: 'py-scikit-image',
  sklearn: 'py-scikit-learn',
  tf: 'py-tensorflow',
  zeromq: 'libzmq',
  zlib1g: 'zlib',
};

/** Suffixes of packages in Debian, Red Hat, conda and pip: `libhdf5-dev`, `ninja-build`, `tensorflow-gpu`. */
const SUFFIX =
  /[-_](?:all|base|bin|binutils|build|c\+\+|client|clients|common|core|cpu|cuda|data|dbg|dev|devel|doc|examples|extra|gfortran|gnutls|gpu|headers|headless|jdk|jre|libs?|linux-64|mpich|ng|openmpi|openssl|runtime|server|static|tools|utils)$|(?<=\w{3})[-_]?toolkit$/;
/** Prefixes that elsewhere only packages of a language have. The rest is a name, known or mistyped. */
const FOREIGN_PREFIX = /^(?:python3(?:\.\d+)?|r-cran|r-bioc|bioconductor)-(?=\w{3})/;
/**
 * Interface version in the name of a library's package: `libssl1.1`, `zlib1g`,
 * `openjdk-17`, `libboost-system1.83.0`.
 */
const NUMBER = /-?\d+(?:\.\d+)*[a-z]?(?:-\d+)?$/;
/** Endings of headers and other files that builds look for. */
const FILE_ENDING = /\.(?:h|hh|hpp|hxx|pc|mod|a|dll|cmake|py|pm)$/;

/** Patterns for a language's packages elsewhere, and Spack's form: `libjson-perl`, `r-cran-sf`. */
const LANGUAGES: readonly (readonly [RegExp, string])[] = [
  [/^(?:python\d?(?:\.\d+)?|py\d+|pypi)-/, 'py-'],
  [/^(?:r-cran|r-bioc|bioconductor)-/, 'r-'],
  [/^lib(.+)-perl$/, 'perl-$1'],
  [/^(.+)-python\d?$/, 'py-$1'],
  [/^py-(.+)$/, '$1'],
  [/^(?:nvidia|gnu|apache|intel|google)-/, ''],
  [/^golang-(?:github-)?/, ''],
];

/**
 * Translates a name from a distribution, conda or pip, or of a header, to the name
 * here: `libhdf5-dev` is hdf5, `libssl1.1` is openssl's library. Other words stay the
 * same. Of several readings, the one that removes the least wins.
 */
export function ownName(word: string, words: WordFinder): string {
  const seen = new Set([word]);
  // The set grows during the loop: each reading is interpreted further.
  for (const reading of seen) {
    const nickname = ownValue(NICKNAMES, reading);
    if (nickname !== undefined && (words.isKnown(nickname) || !nickname.includes('-'))) return nickname;
    if (words.isKnown(reading)) return reading;
    for (const next of readOn(reading)) if (next.length > 0) seen.add(next);
  }
  return word.replace(FOREIGN_PREFIX, '');
}

function readOn(word: string): string[] {
  const readings = LANGUAGES.map(([pattern, own]) => word.replace(pattern, own));
  for (const pattern of [FILE_ENDING, SUFFIX, NUMBER]) {
    const rest = word.replace(pattern, '');
    if (rest !== word) readings.push(rest);
  }
  const bare = word.replace(/^lib/, '');
  if (bare.length > 1) readings.push(bare);
  // `libboost-filesystem-dev`, `libcurl4-openssl-dev`: a part or a variant of a library.
  if (word.startsWith('lib') && word.includes('-')) readings.push(word.slice(0, word.lastIndexOf('-')));
  return readings;
}
