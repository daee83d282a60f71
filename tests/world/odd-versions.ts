import fc from 'fast-check';

/** A version, and text after `@` that requests versions. */
export interface VersionQuery {
  version: string;
  ranges: string;
}

/** Parts with a special meaning, close to each other in Spack's order, or near one of its limits. */
const NUMBERS = ['0', '00', '1', '01', '2', '9', '10', '99', '2024', '9'.repeat(30)];
const WORDS = [
  ...['a', 'z', 'A', 'Z', 'az', 'zz', 'aZ', 'rc', 'alpha', 'beta', 'final', 'p', 'dev', 'git', 'infinity'],
  ...[
    'develop',
    'main',
    'master',
    'head',
    'trunk',
    'nightly',
    'stable',
    'developer',
    'mastes',
    'Main',
    'masteq',
  ],
];
const SEPARATORS = ['.', '-', '_', '', '..', '.-', '__'];

const segment = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 2, arbitrary: fc.constantFrom(...WORDS) },
);
const plain = fc
  .tuple(
    fc.constantFrom('', '', '', '_'),
    segment,
    fc.array(fc.tuple(fc.constantFrom(...SEPARATORS), segment), { maxLength: 4 }),
  )
  .map(([start, first, rest]) => start + first + rest.flat().join(''))
  // Spack looks these up in a repository, and builds of them are never published.
  .filter((version) => !/^(?:git\.|[0-9a-f]{40}$)/.test(version));
const reference = fc.constantFrom(
  'git.main',
  'git.a/b',
  'git.v1.0',
  '0123456789'.repeat(4),
  `git.${'ab'.repeat(20)}`,
);
const git = fc.tuple(reference, plain).map(([ref, version]) => `${ref}=${version}`);
const bound = fc.oneof({ weight: 8, arbitrary: plain }, { weight: 1, arbitrary: fc.constant('') });
const part = fc.oneof(
  { weight: 4, arbitrary: plain },
  { weight: 2, arbitrary: plain.map((version) => `=${version}`) },
  { weight: 4, arbitrary: fc.tuple(bound, bound).map((bounds) => bounds.join(':')) },
  // Texts that Spack refuses or reads in an unexpected way.
  {
    weight: 1,
    arbitrary: fc.oneof(
      reference,
      fc.constantFrom('', '=', ':', '1:2:3', '=1:2', '1:=2', '.1', '1.', '-1', '1/0', '1+'),
    ),
  },
);
const ranges = fc.oneof(
  { weight: 8, arbitrary: part },
  { weight: 2, arbitrary: fc.array(part, { minLength: 2, maxLength: 3 }).map((parts) => parts.join(',')) },
  { weight: 1, arbitrary: git },
);

/** Related pairs: bounds are often parts of the version, or the version with one more part. */
export const versionQuery: fc.Arbitrary<VersionQuery> = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: plain }, { weight: 1, arbitrary: git }),
    ranges,
    fc.constantFrom(...SEPARATORS),
    segment,
    fc.nat(13),
    fc.nat(20),
  )
  .map(([version, other, separator, more, kind, cut]) => {
    const own = version.replace(/^[^=]*=/, '');
    const prefix = own.slice(0, 1 + (cut % own.length));
    const asked = [
      prefix,
      own,
      `=${own}`,
      `${own}${separator}${more}`,
      `:${prefix}`,
      `${prefix}:`,
      `${prefix}:${own}`,
      `:${own}${separator}${more}`,
    ];
    return { version, ranges: asked[kind] ?? other };
  });
