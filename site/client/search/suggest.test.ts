import { expect, test } from 'vitest';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { WordFinder } from './words.ts';
import { suggestPackages } from './suggest.ts';

const NAMES = ['hdf5', 'hdf5-blosc', 'netcdf-c', 'openmpi', 'phdf5-tools', 'zlib-ng'];
const INDEX: PackageIndex = {
  versions: ['1.0', '1.14.6'],
  targets: [],
  names: NAMES,
  descriptions: NAMES.map((name) => (name === 'netcdf-c' ? 'Data on top of HDF5' : '')),
  tags: NAMES.map(() => ''),
  provides: NAMES.map((name) => (name === 'openmpi' ? 'mpi' : name === 'zlib-ng' ? 'zlib-api' : '')),
  packageVersions: NAMES.map(() => [1, 0]),
  packageTargets: NAMES.map(() => []),
  builds: NAMES.map((name) => (name === 'openmpi' ? 0 : 2)),
  sizes: NAMES.map(() => 1),
  updated: NAMES.map(() => 1),
};
const words = new WordFinder(INDEX);
const namesFor = (text: string): string[] => suggestPackages(text, INDEX, words).map(({ name }) => name);

test('suggests names first, the whole one before those it begins, then what descriptions say', () => {
  expect(namesFor('hdf5')).toEqual(['hdf5', 'hdf5-blosc', 'phdf5-tools', 'netcdf-c']);
  expect(suggestPackages('hdf5', INDEX, words)[0]).toMatchObject({ version: '1.14.6', builds: 2 });
});

test('reads a spec, forgives a typing error, and names no package without a build', () => {
  for (const text of ['hdf5==1.14', 'hdf5/1.14', 'hdf5-1.14', 'hdf5-1.14.6'])
    expect(namesFor(text)[0]).toBe('hdf5');
  for (const text of ['libhdf5-dev', 'hdf5-devel', 'libhdf5-103', 'hdf5.h'])
    expect(namesFor(text)[0]).toBe('hdf5');
  expect(namesFor('hdf5@1.14 +mpi %gcc target=x86_64_v3')[0]).toBe('hdf5');
  expect(namesFor('zlbi-ng')).toEqual(['zlib-ng']);
  expect(namesFor('openmpi')).toEqual([]);
});

test('next to a name, words that no package has are not asked for', () => {
  expect(namesFor('hdf5 with mpi for zen3')[0]).toBe('hdf5');
  expect(namesFor('nothing zen3')).toEqual([]);
});

test.each(['', '  ', '+mpi', '@1.2', '/abc'])('suggests nothing for %j, which has no word', (text) => {
  expect(namesFor(text)).toEqual([]);
});
