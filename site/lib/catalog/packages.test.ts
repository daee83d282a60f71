import { expect, test } from 'vitest';
import { Build } from '../../schemas/build.ts';
import { Node, type ParameterValue } from '../../schemas/node.ts';
import { findDifferences } from './build-differences.ts';
import { failedCells, groupPackages, versionMatrix } from './packages.ts';
import type { CatalogBuild } from './site-catalog.ts';
import { segmentsText } from '../spack/spec-text.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

function makeBuild(version: string, target: string, published: string): CatalogBuild {
  const hash = Buffer.from(version + target + published)
    .toString('hex')
    .replaceAll(/[^2-7a-f]/g, '2')
    .padEnd(32, 'a')
    .slice(-32);
  const blob = { digest: DIGEST, size: 10 };
  const build = Build.parse({
    name: 'zlib',
    version,
    hash,
    published,
    tarball: { ...blob, uncompressedDigest: DIGEST, installedSize: 1, files: 1 },
    contents: { prefix: '/opt', programs: [], libraries: [] },
    image: { tag: 'zlib', digest: DIGEST, size: 1, config: blob, runnable: true },
    origin: {},
  });
  const node = makeNode({}, version, target, hash);
  return { build, node, text: JSON.stringify(node), signed: false, state: 'site' };
}

function makeNode(
  parameters: Record<string, ParameterValue>,
  version = '1',
  target = 'zen4',
  hash = 'a'.repeat(32),
): Node {
  return Node.parse({
    name: 'zlib',
    version,
    arch: { platform: 'linux', platform_os: 'debian12', target },
    parameters,
    hash,
  });
}

const BUILDS = [
  makeBuild('1.9', 'zen4', '2026-03-03T00:00:00Z'),
  makeBuild('1.10', 'zen4', '2026-02-02T00:00:00Z'),
  makeBuild('1.10', 'icelake', '2026-01-01T00:00:00Z'),
  makeBuild('1.10', 'zen4', '2025-01-01T00:00:00Z'),
];

test('puts the highest version first, then sorts by target, then the newest', () => {
  const entry = groupPackages(BUILDS, []).get('zlib');
  expect(entry?.versions).toEqual(['1.10', '1.9']);
  expect(entry?.builds).toEqual([BUILDS[2], BUILDS[1], BUILDS[3], BUILDS[0]]);
  expect(entry).toMatchObject({ size: 40, updated: '2026-03-03T00:00:00Z', targets: ['icelake', 'zen4'] });
});

test('counts builds by version and target, including empty cells', () => {
  const entry = groupPackages(BUILDS, []).get('zlib');
  const matrix = entry && versionMatrix(entry);
  expect(matrix?.columns).toEqual([{ target: 'icelake' }, { target: 'zen4' }]);
  expect(matrix?.rows.map((row) => row.map(({ builds }) => builds.length))).toEqual([
    [1, 2],
    [0, 1],
  ]);
});

test('separates variants that all builds share from those that differ or are missing in some', () => {
  const { common, own } = findDifferences([
    makeNode({ shared: true, pic: true, libs: ['a', 'b'], cflags: ['-O2'] }),
    makeNode({ shared: false, pic: true, libs: ['b', 'a'], cflags: [] }),
    makeNode({ shared: true, pic: true, libs: ['a', 'b'], new: 'x' }),
  ]);
  expect(segmentsText(common)).toBe('+pic libs:=a,b');
  expect(own.map(segmentsText)).toEqual(['+shared', '~shared', '+shared new=x']);
});

test('separates operating systems if there are several, and marks failures', () => {
  const [first, second] = BUILDS;
  if (!first || !second) throw new Error('there are builds');
  const arch = { ...second.node.arch, platform_os: 'rocky9' };
  const entry = groupPackages([first, { ...second, node: { ...second.node, arch } }], []).get('zlib');
  const matrix = entry && versionMatrix(entry);
  expect(matrix?.columns).toEqual([
    { target: 'zen4', system: 'debian12' },
    { target: 'zen4', system: 'rocky9' },
  ]);
  const failure = { name: 'zlib', kind: 'compile', log: [], date: '2026-01-01T00:00:00Z' } as const;
  const failed = failedCells(
    [
      { ...failure, id: 'zlib/1', spec: 'zlib@=1.9 +pic', target: 'zen4', log: [] },
      { ...failure, id: 'zlib/2', spec: 'zlib@1.10', target: 'icelake', log: [] },
    ],
    matrix?.rows ?? [],
  );
  expect([...failed].map(([cell, { id }]) => [cell.version, cell.system, id])).toEqual([
    ['1.9', 'rocky9', 'zlib/1'],
  ]);
});
