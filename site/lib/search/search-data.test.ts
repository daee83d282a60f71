import { expect, test } from 'vitest';
import { inventSiteCatalog } from '../../../tests/browser/search-data.ts';
import { DATA_FILES } from './search-data.ts';

test('lists removed builds, with their architecture if their nodes are here, but none that was published again', () => {
  const catalog = inventSiteCatalog(3);
  const [back, gone] = catalog.builds.keys();
  if (back === undefined || gone === undefined) throw new Error('expected two builds');
  const builds = new Map([...catalog.builds].filter(([hash]) => hash !== gone));
  const removed = [back, gone, 'f'.repeat(32)].map((hash) => ({
    ...{ name: 'zlib', version: '1.3', hash },
    stays: [{ published: '2026-01-01T00:00:00Z', removed: '2026-06-01T00:00:00Z', reason: 'it is old' }],
  }));
  const found = DATA_FILES.removed({ ...catalog, builds, removed });
  expect(found.map(({ hash, arch }) => [hash, arch])).toEqual([
    [gone, { platform: 'linux', os: expect.any(String), target: expect.any(String) }],
    ['f'.repeat(32), undefined],
  ]);
});
