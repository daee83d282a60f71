import { expect, test } from 'vitest';
import { learnTimes, roundTimes, sumTimes, type BuildKind, type TimedBuild } from './build-times.ts';

const zlib: BuildKind = { name: 'zlib', version: '1.3', target: 'x86_64_v3', buildSystem: 'makefile' };

function timed(seconds: number, kind: Partial<BuildKind> = {}): TimedBuild {
  return { ...zlib, ...kind, seconds };
}

test('estimates from the nearest builds: version and target, target, package', () => {
  const history = [
    timed(10),
    timed(30),
    timed(100, { version: '1.2' }),
    timed(1_000, { version: '1.2', target: 'aarch64' }),
  ];
  const estimate = learnTimes(history);
  expect(estimate(zlib)).toEqual({ seconds: 20, basis: 'history' });
  expect(estimate({ ...zlib, version: '1.4' })).toEqual({ seconds: 30, basis: 'history' });
  expect(estimate({ ...zlib, target: 'zen4' })).toEqual({ seconds: 65, basis: 'history' });
});

test('estimates from three neighbours that build in a similar way, and says so, but not from fewer', () => {
  const neighbours = ['py-a', 'py-b', 'py-c'].map((name, index) =>
    timed(10 * (index + 1), { name, buildSystem: 'python_pip' }),
  );
  const wanted = { ...zlib, name: 'py-numpy', buildSystem: 'python_pip' };
  expect(learnTimes(neighbours)(wanted)).toEqual({ seconds: 20, basis: 'neighbours' });
  expect(learnTimes(neighbours.slice(1))(wanted)).toBeUndefined();
  expect(learnTimes(neighbours)({ ...wanted, name: 'numpy' })).toBeUndefined();
  const systemless = neighbours.map((build) => ({ ...build, buildSystem: '' }));
  expect(learnTimes(systemless)({ ...wanted, buildSystem: '' })).toBeUndefined();
});

test('adds up known times, and counts the unknown', () => {
  const history = [timed(10.04), ...['a', 'b', 'c'].map((name) => timed(5, { name }))];
  const wanted = [zlib, { ...zlib, name: 'new' }, { ...zlib, name: 'r-x', buildSystem: 'r' }];
  expect(sumTimes(wanted, learnTimes(history))).toEqual({ seconds: 15, byNeighbours: 1, unknown: 1 });
});

test('keeps tenths of a second, but no shorter phases and no values that cannot be times', () => {
  const phases = [
    { name: 'stage', seconds: 0.04 },
    { name: 'build', seconds: 12.345 },
  ];
  expect(roundTimes(13.21, phases)).toEqual({ total: 13.2, phases: [{ name: 'build', seconds: 12.3 }] });
  expect(roundTimes(-1, [])).toBeUndefined();
  expect(roundTimes(Infinity, [])).toBeUndefined();
  expect(roundTimes(1e9, [])).toBeUndefined();
  expect(roundTimes(1, [{ name: '<b>', seconds: 1 }])).toBeUndefined();
});
