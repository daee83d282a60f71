import { expect, test } from 'vitest';
import type { Description } from '../spack/describe-specs.ts';
import { composeRecord } from './record.ts';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const C = 'c'.repeat(32);

const spec = (hash: string, state: 'built' | 'reused' | 'missing', environment = {}) => ({
  name: 'x',
  hash,
  spec: 'x@1',
  state,
  environment,
});
const recipe = {
  name: 'x',
  description: 'X.',
  homepage: 'https://example.org',
  licenses: [],
  maintainers: [],
  tags: [],
};

test('records only what was pushed as built, with its run environment', () => {
  const description: Description = {
    specs: [spec(A, 'built', { PATH: '/p' }), spec(B, 'reused'), spec(C, 'built', { PATH: '/q' })],
    packages: [recipe],
  };
  const record = composeRecord(description, {
    pushed: new Set([A]),
    roots: new Set([A]),
    failures: [],
    recipes: {
      commit: 'f'.repeat(40),
      commitDate: '2025-11-20T00:00:00Z',
    },
  });
  expect(record).toEqual({
    failures: [],
    packages: [{ ...recipe, commit: 'f'.repeat(40), commitDate: '2025-11-20T00:00:00Z' }],
    environments: { [A]: { PATH: '/p' } },
    built: [A],
    reused: [B],
  });
});

test('leaves out texts of a recipe beyond the limits', () => {
  const environment = { 'BASH_FUNC_x%%': '() {', OK: '1', LONG: 'x'.repeat(200_000) };
  const packages = [
    {
      ...recipe,
      homepage: 'javascript:alert(1)',
      description: 'y'.repeat(20_000),
      tags: ['t'.repeat(101), 't'],
    },
    { ...recipe, name: '../../x' },
  ];
  const record = composeRecord(
    { specs: [spec(A, 'built', environment)], packages },
    { pushed: new Set([A]), roots: new Set(), failures: [], recipes: {} },
  );
  expect(record.environments[A]).toEqual({ OK: '1' });
  expect(record.packages).toHaveLength(1);
  expect(record.packages[0]).not.toHaveProperty('homepage');
  expect(record.packages[0]?.description).toHaveLength(10_000);
  expect(record.packages[0]?.tags).toEqual(['t']);
});

test('keeps the run environments of roots when there is no room for all', () => {
  const wide = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`V${index}`, 'x'.repeat(99_000)]),
  );
  const specs = [spec(A, 'built', wide), spec(B, 'built', wide)];
  const result = { pushed: new Set([A, B]), roots: new Set([B]), failures: [], recipes: {} };
  const record = composeRecord({ specs, packages: [] }, result);
  expect(Object.keys(record.environments)).toEqual([B]);
  expect(record.built).toEqual([A, B]);
});
