import { expect, test } from 'vitest';
import type { BuildNeeds } from './needs.ts';
import { reachOf, reachText } from './reach.ts';

function built(libc: string, os = 'almalinux8'): BuildNeeds {
  return { platform: 'linux', os, target: 'x86_64_v3', libc: `glibc@${libc}`, runs: '2.17' };
}

test("the older the builder's glibc, the more systems are in reach", () => {
  const [old, young] = [reachOf([built('2.28')]), reachOf([built('2.39', 'ubuntu24.04')])];
  expect(old?.systems).toEqual(expect.arrayContaining(['rocky8', 'debian10', 'ubuntu24.04']));
  expect(old?.systems).not.toContain('centos7');
  expect(young?.systems.sort()).toEqual(['almalinux10', 'debian13', 'rhel10', 'rocky10', 'ubuntu24.04']);
});

test('the needs of most builds decide', () => {
  expect(reachOf([built('2.28'), built('2.28'), built('2.39')])?.systems).toContain('rocky8');
  expect(reachOf([built('2.28'), built('2.39'), built('2.39')])?.systems).not.toContain('rocky8');
});

test('counts macOS by release, and gives no result without builds', () => {
  const mac = { platform: 'darwin', os: 'sonoma', target: 'm1' };
  expect(reachOf([mac])?.systems).toEqual(['sonoma', 'sequoia', 'tahoe']);
  expect(reachOf([])).toBeUndefined();
  expect(reachOf([{ platform: 'windows', os: '10', target: 'x86_64' }])).toBeUndefined();
});

test('the text counts systems and names the oldest of each distribution', () => {
  const text = (builds: BuildNeeds[]): string => reachText(reachOf(builds) ?? { systems: [], of: 0 });
  expect(text([built('2.39', 'ubuntu24.04')])).toBe(
    '5 of 22 systems: AlmaLinux 10, Debian 13, RHEL 10, Rocky 10, Ubuntu 24.04 or newer',
  );
  expect(text([built('2.28')])).toMatch(/^18 of 22 systems: AlmaLinux 8, .*Debian 10, .* or newer$/);
  expect(text([{ platform: 'darwin', os: 'sonoma', target: 'm1' }])).toBe(
    '3 of 7 systems: macOS Sonoma or newer',
  );
});
