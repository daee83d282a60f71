import { expect, test } from 'vitest';
import { compareReleases } from '../spack/latest.ts';
import { composeProposal } from './newer-releases.ts';

const NEWEST = { spack: 'v1.10.0', packages: 'v2026.06.0' };

test('says which lines to change, and the consequences', () => {
  const { title, body } = composeProposal(
    compareReleases({ spack: 'v1.1.0', packages: 'v2025.11.0' }, NEWEST),
    '3 different',
  );
  expect(title).toBe('Newer releases: Spack v1.10.0, recipes v2026.06.0');
  expect(body).toContain('packages: v2026.06.0 # was v2025.11.0');
  expect(body).toContain('3 different');
});
