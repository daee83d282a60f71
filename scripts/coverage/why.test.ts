import { expect, test } from 'vitest';
import { describeCauses, WhyAnswer } from './why.ts';

/** The answer of Spack 1.2.0.dev0 for `lz4 %gcc@13.1.0`, shortened. */
const ANSWER = WhyAnswer.parse({
  seconds: [9.7, 7.4],
  error: '',
  nodes: [
    {
      name: 'lz4',
      version: '1.9.4',
      hash: 'v3apmqaslq5ofw35v4fuuliyzwhyrm6e',
      cached: false,
      installed: false,
    },
    {
      name: 'gcc-runtime',
      version: '13.1.0',
      hash: 'map2ocw3rwyu6e5yije5a7giphswfom3',
      cached: false,
      installed: false,
    },
  ],
  causes: [
    {
      name: 'lz4',
      hash: 'v3apmqaslq5ofw35v4fuuliyzwhyrm6e',
      kind: 'compiler',
      detail: 'asked for %gcc@13.1.0; the build has gcc@12.2.0',
      nearest: 'zbinebfiy54lyzk4vz5fcnxhz54icei4',
      line: 'spack install lz4',
    },
    {
      name: 'gcc-runtime',
      hash: 'map2ocw3rwyu6e5yije5a7giphswfom3',
      kind: 'follows',
      detail: 'the build here would do: the difference follows from its dependents',
      nearest: 'yjlf2d3z7kylwpnepd27uvb6gyy3emf5',
      line: '',
    },
  ],
  verified: true,
});

test('reports the first cause, what to type and whether that was tried', () => {
  const text = describeCauses(ANSWER);
  expect(text).toContain('0 of 2 specs');
  expect(text).toMatch(/lz4\/v3apmqa is built: compiler\n.*asked for %gcc@13\.1\.0/);
  expect(text).toContain('  spack install lz4\n');
  expect(text).toContain('Tried: with this change Spack uses the build of the cache.');
  expect(describeCauses({ ...ANSWER, verified: false })).toContain('still builds it');
  expect(describeCauses({ ...ANSWER, causes: [] })).toContain('Nothing is built from source');
  expect(describeCauses({ ...ANSWER, error: 'conflict' })).toContain('finds no solution');
});

test('escapes control characters and line breaks from a cache', () => {
  const [cause] = ANSWER.causes;
  if (!cause) throw new Error('no cause');
  const hostile = {
    ...cause,
    detail: 'has x=\u001b]0;owned\u0007\n::add-mask::a',
    line: 'spack install a\nid \u202e#',
  };
  const text = describeCauses({ ...ANSWER, causes: [hostile, hostile] });
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]|^\s*(?:::|id)/m);
  expect(describeCauses({ ...ANSWER, error: 'no \u001b[31m' })).not.toContain('\u001b');
});
