import { expect, test } from 'vitest';
import { splitSpecs } from './split-specs.ts';

test.each([
  ['zlib', ['zlib']],
  ['zlib\n\n  tree \r\n', ['zlib', 'tree']],
  ['zlib tree', ['zlib', 'tree']],
  ['hdf5 +mpi ^openmpi@4 zlib%gcc', ['hdf5 +mpi ^openmpi@4', 'zlib%gcc']],
  ['hdf5@1.14:+mpi~fortran target=x86_64_v3 %gcc@13', ['hdf5@1.14:+mpi~fortran target=x86_64_v3 %gcc@13']],
  ['a ^ b c', ['a ^ b', 'c']],
  ['a %[virtuals=c,cxx] gcc b', ['a %[virtuals=c,cxx] gcc', 'b']],
  ['a ^[deptypes=build virtuals=c] gcc@13 b', ['a ^[deptypes=build virtuals=c] gcc@13', 'b']],
  ['a %c,cxx=gcc@13 b', ['a %c,cxx=gcc@13', 'b']],
  ['zlib cflags="-O2 -g" tree', ['zlib cflags="-O2 -g"', 'tree']],
  [`"zlib cflags='-O2 -g'" 'tree +x'`, [`zlib cflags='-O2 -g'`, 'tree +x']],
  ['foo@git.feature/slash=1.0 bar', ['foo@git.feature/slash=1.0', 'bar']],
  ['builtin.zlib /mgvrpqca', ['builtin.zlib /mgvrpqca']],
  ['foo label=="a b" dev_path=/x/y', ['foo label=="a b" dev_path=/x/y']],
  ['zlib zlib', ['zlib']],
  ['', []],
])('splits %j as Spack does', (text, specs) => {
  expect(splitSpecs(text)).toEqual(specs);
});

test('refuses texts that are not specs', () => {
  expect(() => splitSpecs('zlib cflags="-O2')).toThrow('expected a closing "');
  expect(() => splitSpecs('zlib\n--fake')).toThrow(
    'expected each line to begin with a package, found "--fake"',
  );
});

test('takes time in proportion to the text, whatever brackets it has', () => {
  expect(splitSpecs(`zlib ^${'['.repeat(200_000)}`)).toHaveLength(1);
});
