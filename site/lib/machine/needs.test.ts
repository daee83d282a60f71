import { expect, test } from 'vitest';
import { parseArch, systemName } from './machine.ts';
import { judgeFit, needsText, type BuildNeeds } from './needs.ts';
import { familyOf, runnableTargets } from '../spack/targets.ts';

const ROCKY9 = { platform: 'linux', os: 'rocky9', target: 'zen3', glibc: '2.34' };
const DEBIAN12: BuildNeeds = {
  platform: 'linux',
  os: 'debian12',
  target: 'x86_64_v3',
  libc: 'glibc@2.36',
  runs: '2.34',
};

test("a target can run its ancestors in archspec's list", () => {
  // Output of archspec for TARGETS['zen3'].ancestors.
  expect(runnableTargets('zen3')).toEqual(['zen3', 'zen2', 'zen', 'x86_64_v3', 'x86_64_v2', 'x86_64']);
  expect(familyOf('neoverse_v1')).toBe('aarch64');
  expect(runnableTargets('constructor')).toEqual(['constructor']);
});

test('reads the output of spack arch, even if the name of the system has a dash', () => {
  expect(parseArch(' linux-rocky9-zen3\n')).toEqual(ROCKY9);
  expect(parseArch('linux-opensuse-leap15-zen3')).toMatchObject({ os: 'opensuse-leap15', target: 'zen3' });
  expect(parseArch('hdf5')).toBeUndefined();
});

test('the sentence names both the oldest glibc and the one that Spack asks for', () => {
  expect(needsText(DEBIAN12)).toBe(
    'Runs on x86_64_v3 (Intel and AMD since 2015) with glibc 2.34 or newer. Spack chooses it by itself with glibc 2.36 ' +
      'or newer (it was built on Debian 12); by hash also below.',
  );
  expect(needsText({ ...DEBIAN12, runs: '2.36' })).toBe(
    'Runs on x86_64_v3 (Intel and AMD since 2015) with glibc 2.36 or newer (it was built on Debian 12).',
  );
  expect(needsText({ ...DEBIAN12, runs: undefined })).toContain('is not known');
  expect(needsText({ ...DEBIAN12, libc: undefined })).toContain('with any Linux');
  expect(needsText({ platform: 'darwin', os: 'sonoma', target: 'm1' })).toBe(
    'Runs on m1 (Apple silicon since 2020) with macOS Sonoma or newer.',
  );
});

test.each([
  [DEBIAN12, 'by hash', ['libc']],
  [{ ...DEBIAN12, runs: '2.35' }, 'no', ['libc']],
  [{ ...DEBIAN12, runs: undefined }, 'no', ['libc']],
  [{ ...DEBIAN12, libc: 'glibc@2.31' }, 'yes', []],
  [{ ...DEBIAN12, libc: undefined, runs: undefined }, 'yes', []],
  [{ ...DEBIAN12, libc: 'musl@1.2.5' }, 'no', ['libc']],
  [{ ...DEBIAN12, libc: 'glibc@2.34', target: 'zen4' }, 'no', ['target']],
  [{ ...DEBIAN12, libc: undefined, target: 'neoverse_v1' }, 'no', ['family']],
  [{ platform: 'darwin', os: 'sequoia', target: 'm1' }, 'no', ['platform']],
  [{ ...DEBIAN12, target: 'icelake' }, 'no', ['target', 'libc']],
])('%j on a zen3 with glibc 2.34: %s %j', (needs, kind, obstacles) => {
  const fit = judgeFit(ROCKY9, needs);
  expect(fit.kind).toBe(kind);
  expect(fit.obstacles.map((obstacle) => obstacle.kind)).toEqual(obstacles);
});

test('if the glibc is unknown, builds that need one are not reported to fit', () => {
  const machine = parseArch('linux-sles15-zen3');
  expect(machine?.glibc).toBeUndefined();
  expect(machine && judgeFit(machine, DEBIAN12).kind).toBe('unknown');
  expect(machine && judgeFit(machine, { ...DEBIAN12, libc: undefined }).kind).toBe('yes');
});

test('a newer macOS can use builds from an older one, but not the other way round', () => {
  const machine = { platform: 'darwin', os: 'sequoia', target: 'm2' };
  expect(judgeFit(machine, { platform: 'darwin', os: 'sonoma', target: 'm1' }).kind).toBe('yes');
  expect(
    judgeFit({ ...machine, os: 'sonoma' }, { platform: 'darwin', os: 'sequoia', target: 'm1' }).kind,
  ).toBe('no');
});

test.each([
  ['debian12', 'Debian 12'],
  ['rocky8', 'Rocky 8'],
  ['ubuntu22.04', 'Ubuntu 22.04'],
  ['opensuse15', 'openSUSE 15'],
  ['oracle8', 'Oracle Linux 8'],
  ['rhel9', 'RHEL 9'],
  ['sonoma', 'macOS Sonoma'],
  ['constructor', 'Constructor'],
])('the system %s is called %s', (os, name) => {
  expect(systemName(os)).toBe(name);
});
