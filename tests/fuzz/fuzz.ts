import { expect } from 'vitest';
import fc from 'fast-check';

/** Number of cases per property: few with `npm test`, many with `npm run test:full`. */
export const CASES = process.env['FULL'] === undefined ? 150 : 20_000;
/**
 * Seed. Repeat a failure with the seed and the path that fast-check prints; set another seed for other cases.
 */
export const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_129);

/** Texts that readers may misinterpret or limit. */
const TOKENS = [
  ...[
    '"',
    "'",
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\n',
    '\r\n',
    '\t',
    '\0',
    ' ',
    '-',
    '#',
    '&a',
    '*a',
    '!!',
    '<<: ',
    '%',
  ],
  ...[
    'null',
    'true',
    '0',
    '-1',
    '1e400',
    '9'.repeat(400),
    'NaN',
    '""',
    '[]',
    '{}',
    '"a":1,',
    '"hash":"',
    '__proto__',
    'constructor',
  ],
  ...[
    '\u202e',
    '\u2028',
    '\ufeff',
    '\ud800',
    'é',
    '😀',
    '\u001b[2J',
    '::error::',
    '##[add-mask]x',
    '<script>',
    '$(x)',
    '${{ x }}',
  ],
  ...[
    '../',
    '/',
    '//',
    '-----',
    '-----BEGIN PGP SIGNED MESSAGE-----\n',
    'Hash: SHA512\n',
    '- ',
    'From ',
    'sha256:',
    '@',
    '%',
    '^',
    '=',
  ],
];

const edit = fc.record({
  kind: fc.nat(4),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.oneof({ weight: 4, arbitrary: fc.nat(8) }, fc.nat(400)),
  token: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...TOKENS) },
    fc.string({ unit: 'binary', maxLength: 4 }),
  ),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Valid texts with a few edits, and sometimes arbitrary text. */
export function mutated(corpus: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    {
      weight: 20,
      arbitrary: fc
        .tuple(fc.constantFrom(...corpus), fc.array(edit, { minLength: 1, maxLength: 4 }))
        .map(applyEdits),
    },
    {
      weight: 1,
      arbitrary: fc.array(fc.constantFrom(...TOKENS), { maxLength: 12 }).map((tokens) => tokens.join('')),
    },
    { weight: 1, arbitrary: fc.json() },
  );
}

/** Like `mutated`, for bytes. */
export function mutatedBytes(corpus: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return mutated(corpus.map((bytes) => bytes.toString('latin1'))).map((text) => Buffer.from(text, 'latin1'));
}

function applyEdits([text, edits]: [string, Edit[]]): string {
  return edits.reduce((now, { kind, at, length, token }) => {
    const start = Math.floor(at * (now.length + 1));
    const [head, middle, tail] = [
      now.slice(0, start),
      now.slice(start, start + length),
      now.slice(start + length),
    ];
    if (kind === 0) return head + tail;
    if (kind === 1) return head + token + middle + tail;
    if (kind === 2) return head + token + tail;
    if (kind === 3) return head + middle + middle + tail;
    return tail + head + middle;
  }, text);
}

/** Checks a property with the seed of this run. */
export async function holds<T>(
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => void | Promise<void>,
  share = 1,
): Promise<void> {
  const numRuns = Math.max(20, Math.round(CASES * share));
  await fc.assert(
    fc.asyncProperty(arbitrary, async (value) => check(value)),
    { seed: SEED, numRuns },
  );
}

/** Runs a parser, which may refuse its input, but only with a sentence of its own. */
export async function parseOrRefuse<T>(parse: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await parse();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    const { name, message } = error as Error;
    expect(name, message).not.toMatch(/TypeError|RangeError|ReferenceError|SyntaxError|ZodError/);
    expect(message.length).toBeGreaterThan(10);
    expect(message.length).toBeLessThan(4_000);
    return undefined;
  }
}
