import { expect, test } from 'vitest';
import { parseQuery } from './search-query.ts';

test("parses a spec in Spack's notation", () => {
  expect(parseQuery('hdf5@1.14 +mpi~cxx %gcc@12 target=x86_64_v3 os=rocky9 libs=shared,static')).toEqual({
    words: ['hdf5'],
    version: '1.14',
    variants: [
      { name: 'mpi', token: '+mpi' },
      { name: 'cxx', token: '~cxx' },
      { name: 'libs', token: 'libs=shared' },
      { name: 'libs', token: 'libs=static' },
    ],
    compilers: ['gcc@12'],
    target: 'x86_64_v3',
    os: 'rocky9',
    dependencies: [],
  });
});

test('parses a spec from the output of Spack, with attached variants and named compilers', () => {
  const query = parseQuery('zlib-ng@2.2.4+compat~opt api:=a platform=linux %c,cxx=gcc@12.2.0');
  expect(query).toMatchObject({
    words: ['zlib-ng'],
    version: '2.2.4',
    platform: 'linux',
    compilers: ['gcc@12.2.0'],
  });
  expect(query.variants.map(({ token }) => token)).toEqual(['+compat', '~opt', 'api=a']);
});

test('file names are words, whatever characters they have', () => {
  expect(parseQuery('libhdf5.so libstdc++.so.6 bin/h5dump G++').words).toEqual([
    'libhdf5.so',
    'libstdc++.so.6',
    'h5dump',
    'g++',
  ]);
});

test('distinguishes a hash, an architecture, a dependency and a version that stand alone', () => {
  expect(parseQuery('/k3vq7ea').hash).toBe('k3vq7ea');
  expect(parseQuery('arch=linux-rocky9-zen3')).toMatchObject({
    platform: 'linux',
    os: 'rocky9',
    target: 'zen3',
  });
  expect(parseQuery('hdf5 ^mpich@4').dependencies).toEqual(['mpich@4']);
  expect(parseQuery('@1.2:1.5').version).toBe('1.2:1.5');
  expect(parseQuery('hdf5@git.a/b=1.0+mpi').version).toBe('git.a/b=1.0');
  expect(parseQuery('hdf5@1.2/k3vq7ea').version).toBe('1.2');
});

test('reads a copied command as its spec, and ignores filler words', () => {
  expect(parseQuery('$ spack spec -I --fresh hdf5+mpi target=zen3')).toEqual(
    parseQuery('hdf5+mpi target=zen3'),
  );
  expect(parseQuery('hdf5 with mpi for my zen3').words).toEqual(['hdf5', 'mpi', 'zen3']);
  expect(parseQuery('is zlib here for my Ubuntu 22.04 skylake?').words).toEqual([
    'zlib',
    'ubuntu22.04',
    'skylake',
  ]);
  expect(parseQuery('do you have libstdc++, please?').words).toEqual(['libstdc++']);
  expect(parseQuery('hdf5@1.12, +mpi').version).toBe('1.12');
  expect(parseQuery('https://site.example/packages/hdf5/').words).toEqual(['hdf5']);
  expect(parseQuery('for').words).toEqual(['for']);
});

test('reads the output of `spack arch` as an architecture, and a compiler next to a name as a compiler', () => {
  expect(parseQuery('hdf5 linux-rocky9-zen3')).toEqual(parseQuery('hdf5 arch=linux-rocky9-zen3'));
  for (const text of ['hdf5 1.14 gcc 14', 'hdf5 1.14 gcc-14', 'hdf5@1.14 gcc@14'])
    expect(parseQuery(text)).toEqual(parseQuery('hdf5@1.14 %gcc@14'));
  expect(parseQuery('hdf5@1.14 Rocky 8')).toMatchObject({ words: ['hdf5', 'rocky8'], version: '1.14' });
  expect(parseQuery('gcc 14')).toMatchObject({ words: ['gcc'], version: '14', compilers: [] });
  expect(parseQuery('hdf5@1.2/k3vq7ea')).toMatchObject({ words: ['hdf5'], hash: 'k3vq7ea' });
});

test('accepts the notations of other package managers, modules and Perl', () => {
  for (const text of ['numpy==2.3', 'numpy=2.3', 'numpy == 2.3', 'numpy/2.3', 'software/numpy/2.3'])
    expect(parseQuery(text)).toEqual(parseQuery('numpy@2.3'));
  expect(parseQuery('cmake>=4 +doc')).toEqual(parseQuery('cmake@4: +doc'));
  expect(parseQuery('cython<3')).toEqual(parseQuery('cython@:3'));
  expect(parseQuery('openfoam/2412').version).toBe('2412');
  expect(parseQuery('YAML::LibYAML').words).toEqual(['yaml-libyaml']);
  expect(parseQuery('bzip2/2v7wfcc').words).toEqual(['2v7wfcc']);
  expect(parseQuery('pybind11[global]').words).toEqual(['pybind11']);
  expect(parseQuery('boost/filesystem.hpp').words).toEqual(['boost']);
  expect(parseQuery('include/zlib.h').words).toEqual(['zlib.h']);
  expect(parseQuery('hdf5 cxxstd=17').variants).toEqual([{ name: 'cxxstd', token: 'cxxstd=17' }]);
});

test.each(['', '   ', '@', '+', '%', '^', '/', '=', '++', '<script>', '@@%%++', 'a='])(
  'a half-typed query, %j, is not an error',
  (text) => {
    expect(() => parseQuery(text)).not.toThrow();
  },
);
