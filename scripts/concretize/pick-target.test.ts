import { expect, test } from 'vitest';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { asksForSame, hasSameRoots, pickTarget } from './environment-locks.ts';

const hashOf = (name: string) => name.padEnd(32, 'a');

function node(name: string, target: string, os: string, dependency?: string) {
  const parameters = { deptypes: ['link'], virtuals: [] };
  const dependencies = dependency ? [{ name: dependency, hash: hashOf(dependency), parameters }] : [];
  return {
    name,
    version: '1',
    arch: { platform: 'linux', platform_os: os, target },
    dependencies,
    hash: hashOf(name),
    extra: 1,
  };
}

const NODES = [
  node('app', 'x86_64_v3', 'ubuntu24.04', 'lib'),
  node('lib', 'x86_64_v3', 'ubuntu24.04'),
  node('old', 'x86_64_v3', 'almalinux8'),
  node('arm', 'aarch64', 'ubuntu24.04'),
];
const LOCK = JSON.stringify({
  _meta: { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 },
  spack: { version: '1.1.0' },
  roots: ['app', 'old', 'arm'].map((name) => ({ hash: hashOf(name), spec: name })),
  concrete_specs: Object.fromEntries(NODES.map((one) => [one.hash, one])),
});

const HERE = { microarchitecture: 'x86_64_v3', operatingSystem: 'ubuntu24.04' };

test('picks the roots of one system and what they need, with every key that Spack wrote', () => {
  const text = pickTarget(LOCK, 'here', {}, HERE) ?? '';
  expect(JSON.parse(text)).toEqual({
    _meta: { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 },
    spack: { version: '1.1.0' },
    roots: [{ hash: hashOf('app'), spec: 'app' }],
    concrete_specs: { [hashOf('app')]: NODES[0], [hashOf('lib')]: NODES[1] },
  });
});

test('has nothing for a system that was never solved for', () => {
  expect(
    pickTarget(LOCK, 'mac', {}, { microarchitecture: 'aarch64', operatingSystem: 'macos15' }),
  ).toBeUndefined();
});

test('picks what is recorded for a target, whatever its processor, unless its system is another now', () => {
  const rootsOf = (target: string, recorded: Record<string, string[]>) => {
    const text = pickTarget(LOCK, target, recorded, HERE);
    return text === undefined ? [] : LockFile.parse(JSON.parse(text)).roots.map(({ spec }) => spec);
  };
  expect(rootsOf('here', { here: [hashOf('arm'), hashOf('old')] })).toEqual(['arm']);
  expect(rootsOf('here', { other: [hashOf('app')] })).toEqual([]);
});

test('tells whether a solution is what is locked already', () => {
  const roots = ['arm', 'app', 'old'].map((name) => ({ hash: hashOf(name), spec: 'typed anew' }));
  expect(hasSameRoots(LOCK, { roots })).toBe(true);
  expect(hasSameRoots(LOCK, { roots: roots.slice(1) })).toBe(false);
  expect(hasSameRoots(undefined, { roots })).toBe(false);
});

test('tells whether the owner asks for other specs than those that are locked', () => {
  const roots = ['old', 'arm', 'app'].map((name) => ({ hash: hashOf('other'), spec: name }));
  expect(asksForSame(LOCK, { roots })).toBe(true);
  expect(asksForSame(LOCK, { roots: roots.slice(1) })).toBe(false);
});
