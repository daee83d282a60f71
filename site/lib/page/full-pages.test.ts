import { expect, test } from 'vitest';
import { countFullPages, LARGE_CACHE } from '../mirror/site-bytes.ts';
import { fullPages } from './full-pages.ts';
import type { CatalogBuild, CatalogPackage, SiteCatalog } from '../catalog/site-catalog.ts';

/**
 * A catalog of packages with one build each, whose hashes are their names. The first one depends on the last.
 */
function makeCatalog(count: number): Parameters<typeof fullPages>[0] {
  const hashes = Array.from({ length: count }, (_, index) => `build-${index}`);
  const entries = hashes.map((hash): [string, CatalogPackage] => {
    const builds = [{ build: { hash } }] as CatalogBuild[];
    return [hash, { name: hash, builds, versions: [], targets: [], systems: [], size: 0, updated: '' }];
  });
  return {
    builds: new Map(hashes.map((hash) => [hash, {} as CatalogBuild])),
    packages: new Map(entries),
    dependents: new Map([[hashes.at(-1) ?? '', ['build-0']]]),
    kept: new Map([['build-7', 'figures of a thesis']]),
    locks: new Map([
      [
        'stack',
        {
          roots: [
            { hash: 'build-5', spec: '' },
            { hash: 'gone', spec: '' },
          ],
        },
      ],
    ]) as SiteCatalog['locks'],
  };
}

test('in a small cache every build has a full page', () => {
  expect(fullPages(makeCatalog(LARGE_CACHE)).size).toBe(LARGE_CACHE);
});

test('in a large cache, pinned builds come first, then roots of environments, then builds that others need', () => {
  const builds = LARGE_CACHE + 500;
  const full = [...fullPages(makeCatalog(builds))];
  expect(full).toHaveLength(countFullPages(builds));
  expect(full.slice(0, 3)).toEqual(['build-7', 'build-5', `build-${builds - 1}`]);
});
