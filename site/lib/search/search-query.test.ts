import { expect, test } from 'vitest';
import { parseQuery } from './search-query.ts';

test('a spec is taken apart as Spack writes it', () => {
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

test('a spec as Spack prints it, with attached variants and named compilers', () => {
  const query = parseQuery('zlib-ng@2.2.4+compat~opt api:=a platform=linux %c,cxx=gcc@12.2.0');
  expect(query).toMatchObject({
    words: ['zlib-ng'],
    version: '2.2.4',
    platform: 'linux',
    compilers: ['gcc@12.2.0'],
  });
  expect(query.variants.map(({ token }) => token)).toEqual(['+compat', '~opt', 'api=a']);
});

test('names of files are words, whatever stands in them', () => {
  expect(parseQuery('libhdf5.so libstdc++.so.6 bin/h5dump G++').words).toEqual([
    'libhdf5.so',
    'libstdc++.so.6',
    'h5dump',
    'g++',
  ]);
});

test('a hash, an architecture, a dependency and a version alone are told apart', () => {
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

test.each(['', '   ', '@', '+', '%', '^', '/', '=', '++', '<script>', '@@%%++', 'a='])(
  'what is half typed, %j, is no error',
  (text) => {
    expect(() => parseQuery(text)).not.toThrow();
  },
);
