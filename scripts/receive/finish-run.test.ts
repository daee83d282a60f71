import { hash } from 'node:crypto';
import { sbomText } from '../../site/lib/sbom/sbom.ts';
import { Node } from '../../site/schemas/node.ts';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Build } from '../../site/schemas/build.ts';
import type { Failure } from '../../site/schemas/failure.ts';
import type { Received } from './receive-artifact.ts';
import { describeRun, describeUselessRun, describeWaves, attestLater, writeSubjects } from './finish-run.ts';

const HASH = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
const DIGEST = `sha256:${'a'.repeat(64)}` as const;

test('links new builds to the site, but not those of a dry run', () => {
  const text = describeRun([received([build(0)])], true);
  expect(text).toContain('## Published 1 build, 7 B');
  expect(text).toContain(`](http://localhost:4321/spack-build-cache/builds/tree/${HASH}/) \`${HASH}\` 7 B`);
  const dry = describeRun([received([build(0)])], false);
  expect(dry).toContain('## Would publish 1 build');
  expect(dry).not.toContain('http');
});

test('says how many builds wait for a later run, how long they take, and what was not tried', () => {
  const job = { ...received([build(0)], []), planned: 4 };
  const failure: Failure = {
    name: 'tree',
    spec: 'tree@9',
    kind: 'compile',
    log: [],
    date: '2026-11-01T00:00:00Z',
  };
  const outcome = {
    failures: [failure],
    waiting: [HASH, HASH, HASH],
    waitingSeconds: 9_000,
    containers: 0,
    specs: [],
  };
  const text = describeWaves([job], outcome);
  expect(text).toContain('job0["Build 0 for x86_64_v3: 1 built, 3 waiting"]');
  expect(text).toContain('1 were not tried, since one of their dependencies failed.');
  expect(text).toContain('3 builds wait for a later run: about 2\u00a0h 30\u00a0min.');
  const done = { ...outcome, waiting: [], failures: [] };
  expect(describeWaves([job, job], done)).toContain('Nothing waits for a later run.');
  expect(describeWaves([job], done)).toBe('');
});

test('a run in which everything failed is an error that names the failures', () => {
  const failure: Failure = {
    name: 'tree',
    spec: 'tree@9',
    kind: 'compile',
    log: [],
    date: '2026-11-01T00:00:00Z',
  };
  const unsolved = [{ ...failure, spec: 'tree@99', kind: 'concretize' as const, target: 'x86_64_v3' }];
  const run = { received: [], unsolved: [], faults: [] };
  const failed = received([], [failure]);
  expect(describeUselessRun(run)).toBeUndefined();
  expect(describeUselessRun({ ...run, unsolved })).toMatch(
    /nothing was built.*\n {2}tree \(concretize\): tree@99$/,
  );
  expect(describeUselessRun({ ...run, received: [failed], unsolved })).toMatch(
    /tree@99\n {2}tree \(compile\): tree@9$/,
  );
  const useful = [received([build(0)]), { ...received([]), again: 1 }, { ...received([]), planned: 0 }];
  for (const job of useful)
    expect(describeUselessRun({ ...run, received: [failed, job], unsolved })).toBeUndefined();
});

test('escapes untrusted text, and stays below the size that GitHub shows', () => {
  const evil = '<img src=x> | `x` [a](b)\n::error::x ' + 'é'.repeat(5_000);
  const failures = Array.from({ length: 300 }, (): Failure => ({
    name: 'tree',
    spec: evil,
    kind: 'compile',
    log: [evil],
    date: '2026-11-01T00:00:00Z',
  }));
  const many = Array.from({ length: 256 }, () => received([build(0), build(1)], failures));
  const text = describeRun(many, true);
  expect(text).not.toMatch(/<img|\n::error/);
  expect(text).toContain('and 76300 more');
  expect(Buffer.byteLength(text)).toBeLessThan(2 ** 20);
});

test('splits the digests to attest into files of one attestation each', () => {
  const folder = mkdtempSync(join(tmpdir(), 'subjects-'));
  const builds = Array.from({ length: 600 }, (_, index) => build(index));
  expect(writeSubjects(folder, { builds, containers: [] })).toEqual({ files: 2, unattested: 0 });
  expect(readFileSync(join(folder, '2.txt'), 'utf8').trim().split('\n')).toHaveLength(176);
  expect(readFileSync(join(folder, '1.txt'), 'utf8').split('\n')[1]).toBe(
    `${'a'.repeat(64)}  tree-0.spack.tar.gz`,
  );
  expect(
    writeSubjects(folder, { builds: Array.from({ length: 3_000 }, () => build(0)), containers: [] }),
  ).toEqual({
    files: 4,
    unattested: 1_904,
  });
  expect(writeSubjects(folder, { builds: [], containers: [] })).toEqual({ files: 0, unattested: 0 });
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('attests the bill of materials of each build', () => {
  const folder = mkdtempSync(join(tmpdir(), 'subjects-'));
  const own = build(0);
  const node = Node.parse({
    name: own.name,
    version: own.version,
    hash: own.hash,
    arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
  });
  const nodes = new Map([[own.hash, { node, text: '' }]]);
  writeSubjects(folder, { builds: [own], containers: [], nodes });
  const sha256 = hash('sha256', sbomText(own, nodes));
  expect(readFileSync(join(folder, '1.txt'), 'utf8').trim().split('\n').at(-1)).toBe(
    `${sha256}  tree-0.spack.spdx.json`,
  );
  rmSync(folder, { recursive: true });
});

test('says that a private repository has no attestations, and how many digests one run cannot attest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'subjects-'));
  expect(attestLater(folder, { builds: [build(0)], containers: [] }, true).join()).toMatch(
    /public repositories only/,
  );
  expect(readdirSync(folder)).toEqual([]);
  expect(attestLater(folder, { builds: [], containers: [] }, true)).toEqual([]);
  expect(attestLater(folder, { builds: [build(0)], containers: [] }, false)).toEqual([]);
  const many = Array.from({ length: 2_049 }, () => build(0));
  expect(attestLater(folder, { builds: many, containers: [] }, false)).toEqual([
    '2 digests are not attested: one run attests 4096 at most',
  ]);
  rmSync(folder, { recursive: true });
});

function received(newBuilds: Build[], failures: Failure[] = []): Received {
  const digest = 'a'.repeat(64);
  const entry = { index: 0, target: 'x86_64_v3', runner: 'r', container: '' };
  return {
    entry: { ...entry, plan: digest, lock: digest, inputs: digest },
    title: 'tree',
    planned: newBuilds.length + failures.length,
    newBuilds,
    again: 0,
    reused: 0,
    failures,
    warnings: [],
  };
}

function build(index: number): Build {
  const blob = { digest: DIGEST, size: 7 };
  return {
    name: 'tree',
    version: '2.1.0',
    hash: HASH,
    published: '2026-11-01T00:00:00Z',
    tarball: { ...blob, uncompressedDigest: DIGEST, installedSize: 1, files: 1 },
    contents: { prefix: '/opt/x', programs: [], libraries: [] },
    image: { tag: `tree-${index}.spack`, ...blob, config: blob, runnable: true },
    origin: {},
  };
}
