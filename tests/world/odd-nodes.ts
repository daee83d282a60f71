import fc from 'fast-check';
import { COMPILER_FLAGS } from '../../site/schemas/node.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Letters, characters with a meaning in specs, shells, JSON or Python, and others. */
const CHARACTERS = [
  ...'aZ09_-.+~%^@/:=,;*?[]{}()<>|&$!#`"\'\\ \t',
  'é',
  'ß',
  '漢',
  '😀',
  '\u0301',
  '\u00a0',
  '\u0130',
];
const text = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      'static',
      'shared',
      'c++',
      '11',
      '3.10',
      'openmpi',
      '/usr/lib',
      'é',
      "it's",
      'a:b',
      'a b',
      'a=b',
    ),
  },
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: 8 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('none', 'auto', 'True', 'false', '*', ':', '-O2', "it's", 'c++', 'a=b', ''),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);
const name = fc
  .tuple(fc.constantFrom(...'aZ9_'), fc.string({ unit: fc.constantFrom(...'aZ09_-.+'), maxLength: 8 }))
  .map((parts) => parts.join(''));
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 20, arbitrary: fc.boolean() },
  { weight: 30, arbitrary: text },
  { weight: 20, arbitrary: fc.array(text, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom<Json>(null, 0, -1.5, 1e30, {}, [1], [[]]) },
);
const flags = fc.array(fc.oneof(text, fc.constantFrom('-O3', '-g', '-march=native', '-DX="a b"')), {
  maxLength: 3,
});
const parameters = fc
  .tuple(
    fc.dictionary(fc.oneof(name, fc.constantFrom('patches', 'commit', 'dev_path', 'build_system')), value, {
      maxKeys: 5,
    }),
    fc.dictionary(fc.constantFrom(...COMPILER_FLAGS), flags, { maxKeys: 3 }),
  )
  .map(([variants, all]) => ({ ...variants, ...all }));

const external = fc.record(
  {
    path: fc.oneof(fc.constantFrom<Json>('/usr', null, ''), text),
    module: fc.oneof(fc.constant<Json>(null), fc.array(text, { maxLength: 2 })),
    extra_attributes: fc.oneof(fc.constant<Json>({}), fc.dictionary(text, value, { maxKeys: 2 })),
  },
  { requiredKeys: ['path', 'module'] },
);

const plainNode = fc.record(
  {
    name: fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom('zlib', 'py-3to2', 'a-b', 'A', '_x', '7zip') },
      name,
    ),
    version: fc.oneof(
      fc.constantFrom('1.0', 'develop', '2024-01-02', 'git.a=1.0', '1_0', '9'.repeat(90)),
      name,
    ),
    arch: fc.record({
      platform: fc.oneof({ weight: 15, arbitrary: fc.constantFrom('linux', 'darwin') }, name),
      platform_os: fc.oneof({ weight: 15, arbitrary: fc.constantFrom('debian12', 'rhel8') }, name),
      target: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom<Json>('x86_64', 'zen4', 'aarch64') },
        {
          weight: 2,
          arbitrary: fc.record({
            name,
            vendor: text,
            features: fc.array(text),
            generation: fc.integer(),
            parents: fc.array(name),
          }),
        },
        { weight: 1, arbitrary: value },
      ),
    }),
    namespace: fc.oneof({ weight: 15, arbitrary: fc.constant('builtin') }, name),
    parameters,
    package_hash: fc.constantFrom('a'.repeat(52), 'abc234===='),
    dependencies: fc.array(
      fc.record({
        name: fc.constantFrom('gcc', 'cmake', 'zlib'),
        hash: fc.constantFrom(...'bcdefg').map((letter) => letter.repeat(32)),
        parameters: fc.record({
          deptypes: fc.subarray(['build', 'link', 'run', 'test'], { minLength: 1 }),
          virtuals: fc.oneof(
            { weight: 20, arbitrary: fc.subarray(['c', 'cxx', 'fortran', 'mpi']) },
            fc.array(text, { maxLength: 2 }),
          ),
        }),
      }),
      { maxLength: 3 },
    ),
    annotations: fc.oneof(
      { weight: 10, arbitrary: fc.constant<Json>({ original_specfile_version: 5 }) },
      fc.record({
        original_specfile_version: fc.constantFrom(1, 2, 4, 5, 6),
        compiler: fc.constantFrom('gcc@=12.2.0', 'gcc@12', 'gcc'),
      }),
    ),
    hash: fc.constant('a'.repeat(32)),
  },
  {
    requiredKeys: [
      'name',
      'version',
      'arch',
      'namespace',
      'parameters',
      'annotations',
      'hash',
      'package_hash',
    ],
  },
);

/**
 * Generated nodes, not mutations of real ones: most are nearly as Spack writes them, with odd words wherever
 * any word is allowed.
 */
export const oddNode: fc.Arbitrary<Record<string, Json>> = fc.oneof(
  { weight: 5, arbitrary: plainNode },
  { weight: 1, arbitrary: fc.tuple(plainNode, external).map(([node, external]) => ({ ...node, external })) },
);
