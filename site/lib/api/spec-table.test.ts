import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inventBuildRecord } from '../../../tests/generate/build-record.ts';
import { nodeOf } from '../../../tests/generate/dag.ts';
import { inventHistory } from '../../../tests/generate/history.ts';
import { groupPackages } from '../catalog/packages.ts';
import { fillTable, readTable } from './spec-table.ts';

const words = {
  package: ['a', 'b'],
  version: ['1.0', '2.0'],
  platform: ['linux'],
  os: ['debian12'],
  target: ['x86_64_v3', 'zen4'],
  compiler: [''],
  buildSystem: ['cmake'],
  freshness: ['older'],
};
const columns = {
  hash: ['a'.repeat(32), 'b'.repeat(32)],
  package: [0, 1],
  version: [1, 1],
  platform: [0, 0],
  os: [0, 0],
  target: [0, 1],
  compiler: [0, 0],
  buildSystem: [0, 0],
  freshness: [0, 0],
  size: [10, 20],
  seconds: [30, 0],
  published: [0, 1],
  site: [1 as const, 0 as const],
};

test('columns are read back as rows', () => {
  const rest = { version: '2.0', buildSystem: 'cmake' };
  expect(readTable({ words, columns })).toEqual([
    { ...rest, hash: 'a'.repeat(32), name: 'a', target: 'x86_64_v3', size: 10, seconds: 30 },
    { ...rest, hash: 'b'.repeat(32), name: 'b', target: 'zen4', size: 20, seconds: undefined },
  ]);
});

test('an index without a word is an error that says where', () => {
  expect(() => readTable({ words, columns: { ...columns, target: [0, 2] } })).toThrow(
    'columns.target: expected a place in words.target for build 1, found none',
  );
});

test.skipIf(!process.env['FULL']).each([10_000, 20_000])(
  'takes at most 40 bytes a build of %d, compressed',
  (count) => {
    const history = inventHistory({ builds: count, seed: 1 });
    const builds = [...history.builds.values()].map((build) => {
      const { node, text } = nodeOf(history.nodes, build.hash);
      return {
        build: inventBuildRecord(history, build),
        node,
        text,
        signed: false,
        state: 'site' as const,
      };
    });
    const inOrder = [...groupPackages(builds, []).values()].flatMap((entry) => entry.builds);
    const { byteLength } = gzipSync(JSON.stringify(fillTable(inOrder, history)));
    expect(byteLength / count).toBeLessThan(40);
  },
);
