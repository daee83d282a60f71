import { expect, test } from 'vitest';
import { compareVersions } from './versions.ts';

// Sorted by Spack 1.2.0.dev0: sorted(versions, key=spack.version.Version)
const ORDERED = [
  'a',
  'b2',
  '0.9',
  '1.0alpha1',
  '1.0-beta',
  '1.0rc2',
  '1.0rc10',
  '1.0',
  '1.0.a',
  '1.0.0',
  '1.2',
  '1.10',
  '2.0-stable',
  '2024-01-02',
  '20240101000000000000000001',
  '20240101000000000000000002',
  'stable',
  'main',
  'develop',
];

test('orders versions like Spack', () => {
  const shuffled = [...ORDERED].sort((left, right) => left.length - right.length || (left < right ? 1 : -1));
  expect(shuffled.sort(compareVersions)).toEqual(ORDERED);
});

test('orders a git version by the version assigned to it', () => {
  expect(compareVersions('git.abcdef=1.9', '1.10')).toBeLessThan(0);
});
