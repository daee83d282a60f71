import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { runProgram } from '../tests/world/run.ts';
import { adviseOldNode, expectKnownNode, findMismatch, NODE } from './setup.mjs';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'setup-'));
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
  await writeFile(join(folder, 'node_modules/.bin/node'), Buffer.alloc(2_000_000));
  await writeLock('package-lock.json', { a: '1.0.0', b: '2.0.0' });
  await writeLock('node_modules/.package-lock.json', { a: '1.0.0', b: '2.0.0' });
});

afterEach(() => rm(folder, { recursive: true }));

test('accepts an installation with each package of the lock file', () => {
  expect(findMismatch(folder)).toBeUndefined();
});

test('accepts the project itself while its tests run', () => {
  expect(findMismatch(process.cwd())).toBeUndefined();
});

test('reports a missing package, another version, and an interrupted installation', async () => {
  await writeLock('package-lock.json', { a: '1.0.1', b: '2.0.0' });
  expect(findMismatch(folder)).toBe('node_modules/a has another version');
  await writeLock('package-lock.json', { a: '1.0.0', b: '2.0.0', c: '1.0.0' });
  expect(findMismatch(folder)).toBe('node_modules/c is missing');
  await cp(join(folder, 'node_modules/.package-lock.json'), join(folder, 'package-lock.json'));
  await rm(join(folder, 'node_modules/.package-lock.json'));
  expect(findMismatch(folder)).toBe('nothing is installed yet');
});

test('reports missing Node when the install script of its package did not run', async () => {
  await writeFile(join(folder, 'node_modules/.bin/node'), '');
  expect(findMismatch(folder)).toBe('node_modules/.bin/node is missing');
});

test('does not report optional packages for another machine', async () => {
  const packages = {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/x': { version: '1', optional: true },
  };
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
  expect(findMismatch(folder)).toBeUndefined();
});

async function writeLock(path: string, versions: Record<string, string>): Promise<void> {
  const packages = Object.fromEntries(
    Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }]),
  );
  await writeFile(join(folder, path), JSON.stringify({ packages: { '': { name: 'x' }, ...packages } }));
}

test('accepts only the program of Node that was known when it was pinned', async () => {
  const { devDependencies, dependencies } = Versions.parse(
    JSON.parse(await readFile(resolve('package.json'), 'utf8')),
  );
  expect({ ...devDependencies, ...dependencies }['node']).toBe(NODE.version);
  expectKnownNode(resolve('.'));
  const here = `${process.platform}-${process.arch}`;
  expect(() => expectKnownNode(resolve('.'), { [here]: 'a'.repeat(64) })).toThrow(
    /expected the program of Node .* with sha256 a+, found [0-9a-f]{64}; remove node_modules/,
  );
});

const Versions = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});

test('says which command runs the installed Node where that of the machine is older', async () => {
  for (const version of ['24.0.0', '26.1.0'])
    expect(adviseOldNode(`npm/11.0.0 node/v${version}`)).toBeUndefined();
  for (const version of ['20.20.2', '22.18.0'])
    expect(adviseOldNode(`npm/10.8.2 node/v${version} linux x64`)).toContain(
      `The Node of this machine is ${version}, too old for commands such as node scripts/doctor.ts: write npx node`,
    );
  const script = resolve('scripts/setup.mjs');
  const env = { ...process.env, npm_config_user_agent: 'npm/10.8.2 node/v20.20.2 linux x64' };
  const { code, stderr } = await runProgram(process.execPath, [script], env);
  expect([code, stderr]).toEqual([0, `${adviseOldNode(env.npm_config_user_agent)}\n`]);
});
