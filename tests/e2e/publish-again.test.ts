import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { findProgram } from '../tools/path.ts';
import { readState, readTimes } from './folder-state.ts';
import { FIXTURES } from './made-cache.ts';
import { PROJECT, runScript, tryScript } from '../world/run.ts';

const CACHE = join(FIXTURES, 'cache-unsigned');
const isFull = process.env['FULL'] === '1';
/** Points at which a run is killed: when it has pushed its first blob, or written its first file. */
const STAGES = ['registry/blobs', 'catalog/specs'];
/** Times from start to end. */
const KILL_AFTER_MS = isFull ? Array.from({ length: 60 }, (_, step) => 100 + step * 30) : [];

let folder: string;
/** Variables with a fixed key and date, for reproducible bytes. */
let env: Record<string, string>;
let clean: { registry: Record<string, string>; catalog: Record<string, string> };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'again-'));
  await runScript('key', ['--catalog', join(folder, 'key'), '--out', join(folder, 'key.asc')]);
  env = { SIGNING_KEY: await readFile(join(folder, 'key.asc'), 'utf8'), SOURCE_DATE_EPOCH: '1800000000' };
  await publishInto('clean');
  clean = {
    registry: await readState(join(folder, 'clean/registry')),
    catalog: await readState(join(folder, 'clean/catalog')),
  };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('publishing twice changes nothing, not even modification times', async () => {
  const before = [
    await readTimes(join(folder, 'clean/registry')),
    await readTimes(join(folder, 'clean/catalog')),
  ];
  await publishInto('clean');
  const after = [
    await readTimes(join(folder, 'clean/registry')),
    await readTimes(join(folder, 'clean/catalog')),
  ];
  expect(after).toEqual(before);
});

test.each(['publish', 'import'])(
  '%s of a build cache without builds fails, since it would do nothing',
  async (verb) => {
    const empty = join(folder, 'empty');
    await mkdir(join(empty, 'v3/manifests/spec'), { recursive: true });
    const { code, output } = await tryScript(verb, [empty, ...optionsFor('empty')], env);
    expect(output).toContain(`${empty}: expected builds to ${verb}, found none`);
    expect(code).toBe(1);
  },
);

test('two publishers at once give the same result as one', async () => {
  await Promise.all([publishInto('both'), publishInto('both')]);
  await expectClean('both');
});

test.each(STAGES)('a run after one that was killed when it had %s ends like a clean one', async (path) => {
  const name = `killed-${path.replace('/', '-')}`;
  await killPublish(optionsFor(name), hasFiles(join(folder, name, path)));
  await publishInto(name);
  await expectClean(name);
});

test.each(KILL_AFTER_MS)('a run after one that was killed at %i ms ends like a clean one', async (delay) => {
  const name = `killed-${delay}`;
  await killPublish(optionsFor(name), isOver(delay));
  await publishInto(name);
  await expectClean(name);
});

describe.skipIf(!['docker-registry', 'oras'].every(findProgram))('in a real registry', () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await startRegistry();
  });

  afterAll(() => registry?.stop());

  test('a run after one that was killed after its first image ends like a clean one', async () => {
    const catalog = join(folder, 'remote');
    const options = ['--registry', `http://${registry.host}/killed`, '--catalog', catalog];
    await killPublish(options, hasFiles(join(registry.repositories, 'killed/_manifests/tags')));
    await runScript('publish', [CACHE, ...options], env);
    const { 'cache.json': ours, ...state } = await readState(catalog);
    const { 'cache.json': theirs, ...wanted } = clean.catalog;
    expect(state).toEqual(wanted);
    expect(ours).not.toBe(theirs);
    const answer = await fetch(`${registry.url}/v2/killed/tags/list`);
    expect(JSON.stringify(await answer.json()).match(/\.spack"/g)).toHaveLength(12);
  });
});

describe.skipIf(!canMount())('a full disk', () => {
  test.each([
    { what: 'registry', size: '2m' },
    { what: 'catalog', size: '40k' },
  ])('under the $what is named, and a run with more room ends like a clean one', async ({ what, size }) => {
    const name = `full-${what}`;
    const disk = join(folder, name, what);
    await mkdir(disk, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
    try {
      const { code, output } = await tryScript('publish', [CACHE, ...optionsFor(name)], env);
      expect(output).toMatch(/ENOSPC|no space|disk is full/i);
      expect(code).toBe(1);
      // The public key may exist: it vouches for nothing by itself.
      const left = Object.keys(await readState(join(folder, name, 'catalog')));
      expect(left.filter((path) => !path.startsWith('keys/'))).toEqual([]);
      execFileSync('mount', ['-o', 'remount,size=64m', disk]);
      await publishInto(name);
      await expectClean(name);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

function optionsFor(name: string): string[] {
  const place = join(folder, name);
  return ['--registry', `oci-layout:${join(place, 'registry')}`, '--catalog', join(place, 'catalog')];
}

async function publishInto(name: string): Promise<void> {
  await runScript('publish', [CACHE, ...optionsFor(name)], env);
}

async function expectClean(name: string): Promise<void> {
  expect(await readState(join(folder, name, 'catalog'))).toEqual(withRegistry(name));
  expect(await readState(join(folder, name, 'registry'))).toEqual(clean.registry);
}

/** Expected catalog with the place's own registry in `cache.json`. */
function withRegistry(name: string): Record<string, unknown> {
  return name === 'clean' || !('cache.json' in clean.catalog)
    ? clean.catalog
    : { ...clean.catalog, 'cache.json': expect.any(String) };
}

function hasFiles(path: string): () => boolean {
  return () => existsSync(path) && readdirSync(path).length > 0;
}

function isOver(delay: number): () => boolean {
  const end = Date.now() + delay;
  return () => Date.now() >= end;
}

/** Kills a run soon after the condition holds; on a busy machine it may have ended. */
function killPublish(options: string[], isReached: () => boolean): Promise<void> {
  const args = [join(PROJECT, 'scripts/publish.ts'), CACHE, ...options];
  const child = spawn(join(PROJECT, 'node_modules/.bin/node'), args, {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const timer = setInterval(() => {
    if (isReached()) child.kill('SIGKILL');
  }, 5);
  return new Promise((resolve) => {
    child.once('close', () => {
      clearInterval(timer);
      resolve();
    });
  });
}

/** Whether mounting is possible: only for root, and not in every container. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}
