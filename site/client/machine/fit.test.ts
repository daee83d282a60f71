import { expect, test } from 'vitest';
import { findObstacles, parseArch } from './fit.ts';
import { familyOf, runnableTargets } from '../../lib/spack/targets.ts';

const ROCKY9 = { platform: 'linux', os: 'rocky9', target: 'zen3', glibc: '2.34' };

test('a target runs what archspec says it comes from', () => {
  // As archspec itself prints TARGETS['zen3'].ancestors.
  expect(runnableTargets('zen3')).toEqual(['zen3', 'zen2', 'zen', 'x86_64_v3', 'x86_64_v2', 'x86_64']);
  expect(familyOf('neoverse_v1')).toBe('aarch64');
  expect(runnableTargets('constructor')).toEqual(['constructor']);
});

test('spack arch is read, also where the system has a dash in its name', () => {
  expect(parseArch(' linux-rocky9-zen3\n')).toEqual(ROCKY9);
  expect(parseArch('linux-opensuse-leap15-zen3')).toMatchObject({ os: 'opensuse-leap15', target: 'zen3' });
  expect(parseArch('hdf5')).toBeUndefined();
});

test.each([
  [{ platform: 'linux', os: 'debian12', target: 'x86_64_v3', libc: 'glibc@2.36' }, ['libc']],
  [{ platform: 'linux', os: 'debian11', target: 'x86_64_v3', libc: 'glibc@2.31' }, []],
  [{ platform: 'linux', os: 'rocky9', target: 'zen4', libc: 'glibc@2.34' }, ['target']],
  [{ platform: 'linux', os: 'rocky9', target: 'neoverse_v1' }, ['family']],
  [{ platform: 'darwin', os: 'sequoia', target: 'm1' }, ['platform']],
  [{ platform: 'linux', os: 'ubuntu24.04', target: 'icelake', libc: 'glibc@2.39' }, ['target', 'libc']],
])('of %j a zen3 with glibc 2.34 lacks %j', (built, kinds) => {
  expect(findObstacles(ROCKY9, built).map(({ kind }) => kind)).toEqual(kinds);
});

test('a newer macOS runs what an older one built, not the other way round', () => {
  const machine = { platform: 'darwin', os: 'sequoia', target: 'm2' };
  expect(findObstacles(machine, { platform: 'darwin', os: 'sonoma', target: 'm1' })).toEqual([]);
  expect(
    findObstacles({ ...machine, os: 'sonoma' }, { platform: 'darwin', os: 'sequoia', target: 'm1' }),
  ).toHaveLength(1);
});
