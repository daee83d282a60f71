import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey } from '../../scripts/signing/key.ts';
import { servePages, type PagesServer } from '../../scripts/start/pages-server.ts';
import { readFixturePackages } from './fixture-builds.ts';
import { BASE, FIXTURES, makeCache, type MadeCache } from './made-cache.ts';
import { runProgram, type Outcome } from '../world/run.ts';
import { findSpacks, openSpack } from '../world/spack.ts';

const SCRIPT = resolve(import.meta.dirname, '../../.github/actions/use/use.sh');
const TREE = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
const [newest] = findSpacks();
const packages = readFixturePackages('cache-unsigned');
let cache: MadeCache;
let server: PagesServer;
let fingerprint: string;

beforeAll(async () => {
  if (!newest) return;
  cache = await makeCache({ cache: join(FIXTURES, 'cache-unsigned'), signed: true });
  const [key = ''] = (await readdir(join(cache.dist, 'keys'))).filter((name) => name.endsWith('.asc'));
  fingerprint = key.replace('.asc', '');
  server = await servePages({ root: cache.dist, base: BASE, port: 0 });
});

afterAll(async () => {
  await server?.close();
  await cache?.close();
});

test.runIf(newest)('adds a cache and trusts its key in one step, and Spack installs from it', async () => {
  const said = await use(async (run, spack) => {
    const outcome = await run([server.url, 'lab']);
    expect(outcome.code, outcome.output).toBe(0);
    return spack(['install', '--use-buildcache', 'only', `/${TREE}`]);
  });
  expect(said.code, said.output).toBe(0);
  expect(said.output).toMatch(/Successfully installed tree|Extracting tree/);
});

test.runIf(newest)('accepts no other key than the named one', async () => {
  const said = await use(async (run, spack) => {
    const other = await run([server.url, 'lab', 'A'.repeat(40)]);
    expect(other.code).not.toBe(0);
    expect((await spack(['mirror', 'list'])).output).not.toMatch(/lab/);
    const spaced = fingerprint.replaceAll(/(.{4})/g, '$1 ').toLowerCase();
    const named = await run([server.url, 'lab', spaced]);
    expect(named.code, named.output).toBe(0);
    return spack(['gpg', 'list', '--trusted']);
  });
  expect(said.code, said.output).toBe(0);
  expect(said.output).toContain(fingerprint);
});

test.runIf(newest)('accepts no file with another key in addition to the named one', async () => {
  const file = join(cache.dist, 'keys', `${fingerprint}.asc`);
  const text = await readFile(file, 'utf8');
  const stranger = await makeKey({ name: 'Stranger', date: new Date(Date.now() - 60_000) });
  try {
    for (const added of [stranger.publicKey, stranger.privateKey]) {
      await writeFile(file, `${text}\n${added}`);
      const said = await use((run) => run([server.url, 'lab', fingerprint]));
      expect(said.code).not.toBe(0);
      expect(said.output).toMatch(/expected the key [0-9A-F]{40} alone, found/);
    }
  } finally {
    await writeFile(file, text);
  }
});

test.each([
  ['an address that is none', ['ftp://owner.example/repo'], /url: expected an address/],
  ['plain HTTP from elsewhere', ['http://owner.example/repo'], /url: expected an address/],
  ['a name that is an option', ['https://owner.example/repo', '--unsigned'], /name: expected letters/],
  ['half a fingerprint', ['https://owner.example/repo', 'lab', 'FF81'], /fingerprint: expected 40 hex/],
])('refuses %s', async (_, args, reason) => {
  const said = await runProgram('bash', [SCRIPT, ...args], process.env);
  expect(said.code).not.toBe(0);
  expect(said.output).toMatch(reason);
});

/** Runs the action's script and Spack itself in a separate home. */
async function use(
  work: (
    run: (args: string[]) => Promise<Outcome>,
    spack: (args: string[]) => Promise<Outcome>,
  ) => Promise<Outcome>,
): Promise<Outcome> {
  if (!newest) throw new Error('there is no Spack');
  const home = await openSpack(newest, packages);
  try {
    const environment = await home.run([
      'python',
      '-c',
      'import os, json; print(json.dumps(dict(os.environ)))',
    ]);
    const env: unknown = JSON.parse(environment.stdout);
    return await work(
      (args) => runProgram('bash', [SCRIPT, ...args], Object.fromEntries(Object.entries(env ?? {}))),
      (args) => home.run(args),
    );
  } finally {
    await home.close();
  }
}
