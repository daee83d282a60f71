import { expect, test } from 'vitest';
import type { CatalogBuild, CatalogPackage } from '../catalog/site-catalog.ts';
import { advisoryText, packageAdvisories } from './advisories.ts';

const SEEN = { since: 'v2026.06.0', seen: '2026-07-01T00:00:00Z' };

function packageWith(versions: string[], deprecated: { version: string; cves: string[] }[]): CatalogPackage {
  const builds = versions.map((version) => ({ build: { version }, node: { version } })) as CatalogBuild[];
  const metadata = {
    name: 'zlib',
    description: '',
    licenses: [],
    maintainers: [],
    tags: [],
    deprecated: deprecated.map((one) => ({ ...one, ...SEEN })),
  };
  return { name: 'zlib', metadata, builds, versions, targets: [], systems: [], size: 0, updated: '' };
}

test('lists deprecated versions with builds here, each with the newest version that is not deprecated', () => {
  const entry = packageWith(
    ['1.10', '1.9', '1.2'],
    [
      { version: '1.2', cves: ['CVE-2026-1111', 'CVE-2026-2222'] },
      { version: '1.10', cves: [] },
      { version: '0.9', cves: [] },
    ],
  );
  expect(packageAdvisories(entry).map(advisoryText)).toEqual([
    'Deprecated by Spack since v2026.06.0.',
    'Deprecated by Spack since v2026.06.0: CVE-2026-1111, CVE-2026-2222; newer: @1.9 is here.',
  ]);
});

test('shows reason and severity, and shortens a commit', () => {
  const [advisory] = packageAdvisories(packageWith(['1.2'], [{ version: '1.2', cves: ['CVE-2026-1111'] }]));
  if (!advisory) throw new Error('expected an advisory');
  expect(advisoryText({ ...advisory, reason: 'breaks', severity: 'high', since: 'a'.repeat(40) })).toBe(
    'Deprecated by Spack since aaaaaaaaaa: breaks; severity: high; CVE-2026-1111.',
  );
});
