import { expect, test } from 'vitest';
import { composeProposal, findNewer } from './newer-releases.ts';

const NEWEST = { spack: 'v1.10.0', packages: 'v2026.06.0' };

test('finds settings with an older release, and leaves latest, commits and newer ones alone', () => {
  expect(findNewer({ spack: 'v1.9.1', packages: 'v2026.06.0' }, NEWEST)).toEqual([
    { setting: 'spack', from: 'v1.9.1', to: 'v1.10.0' },
  ]);
  expect(findNewer({ spack: 'latest', packages: 'd4f7c711a6a4' }, NEWEST)).toEqual([]);
  expect(findNewer({ spack: 'develop', packages: 'v2026.10.0' }, NEWEST)).toEqual([]);
});

test('says which lines to change and what it means', () => {
  const { title, body } = composeProposal(
    findNewer({ spack: 'v1.1.0', packages: 'v2025.11.0' }, NEWEST),
    '3 different',
  );
  expect(title).toBe('Newer releases: Spack v1.10.0, recipes v2026.06.0');
  expect(body).toContain('packages: v2026.06.0 # was v2025.11.0');
  expect(body).toContain('3 different');
});
