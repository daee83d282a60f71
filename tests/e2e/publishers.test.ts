import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { cloneRepository, commitFiles, git, makeBareRepository } from '../world/git.ts';
import { z } from 'zod';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { openRegistry } from '../../scripts/oci/open-registry.ts';
import type { Build } from '../../site/schemas/build.ts';
import { writeBuiltJob } from '../world/built-job.ts';
import { startFaultyProxy } from '../world/faulty-proxy.ts';
import { startGitHubApi, type GitHubApi } from '../world/github-api.ts';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { basicVariables } from '../world/run.ts';

const SCRIPTS = resolve(import.meta.dirname, '../../scripts');
const PUBLISHERS = 8;
let folder: string;
let origin: string;
let api: GitHubApi;
let server: TestRegistry;
let registry: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'publishers-'));
  origin = join(folder, 'origin.git');
  makeBareRepository(origin);
  const first = join(folder, 'first');
  cloneRepository(origin, first);
  commitFiles(first, { 'site/content/.gitkeep': '' });
  git(first, 'push', '-q', 'origin', 'HEAD:main');
  api = await startGitHubApi({ repositoryDir: origin, repository: 'owner/repo', token: 'secret' });
  server = await startRegistry();
  registry = `${server.host}/owner/repo`;
});

afterEach(async () => {
  await api.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.runIf(process.env['FULL'] === '1')(
  'loses nothing with eight publishers at once, and each tag has the image that was committed',
  async () => {
    const names = packageNames();
    const publishers = Array.from({ length: PUBLISHERS }, (_, index) => {
      // All have tree, with different bytes; the other packages are shared only by some.
      const kept = names.filter((name, place) => name === 'tree' || place % PUBLISHERS === index);
      return openPublisher(String(index), kept, index + 1);
    });
    await Promise.all(
      publishers.map(async (publisher) => {
        await publisher.receive();
        await publisher.commit();
      }),
    );
    const builds = await expectAgreement();
    expect(new Set(builds.map(({ name }) => name))).toEqual(new Set(names));
    const month = readdirSync(join(folder, 'result/site/content/stats'))[0] ?? '';
    const counts = JSON.parse(readFileSync(join(folder, 'result/site/content/stats', month), 'utf8'));
    expect(counts).toMatchObject({ builds: builds.length, failures: 0 });
  },
);

test('the next publisher repairs the pushes of a killed one', async () => {
  // Until it is killed, nothing but the first image gets its tag: it cannot end before.
  let tagged = 0;
  let isKilled = false;
  const proxy = await startFaultyProxy(
    server.host,
    ({ method, url = '' }) => method === 'PUT' && url.includes('/manifests/') && tagged++ > 0 && !isKilled,
  );
  onTestFinished(() => proxy.stop());
  registry = `${proxy.host}/owner/repo`;
  const killed = openPublisher('killed', packageNames(), 1);
  const child = killed.start();
  const ended = new Promise<NodeJS.Signals | null>((done) =>
    child.once('close', (_, signal) => done(signal)),
  );
  while (child.exitCode === null && (await listTags()).length === 0) await setTimeout(5);
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  isKilled = true;
  const pushed = new Map<string, string | undefined>();
  for (const tag of await listTags())
    pushed.set(tag, (await openRegistry(registry).describeTag(tag))?.digest);
  expect(pushed.size).toBe(1);

  const next = openPublisher('next', packageNames(), 9);
  await next.receive();
  await next.commit();
  const builds = await expectAgreement();
  expect(builds).toHaveLength(12);
  for (const [tag, digest] of pushed) {
    expect(builds.find(({ image }) => image.tag === tag)?.image.digest).toBe(digest);
  }
});

interface Publisher {
  /** Starts `receive.ts`. */
  start(): ChildProcess;
  receive(): Promise<string>;
  commit(): Promise<string>;
}

/**
 * The publish job of one run in a separate checkout, with a build artifact of the named packages.
 * @param level compression level of its tarballs, which changes their bytes
 */
function openPublisher(name: string, kept: readonly string[], level: number): Publisher {
  const work = join(folder, name);
  cloneRepository(origin, work);
  const matrix = writeBuiltJob(work, kept, level);

  function start(verb: string, ...args: string[]): ChildProcess {
    return spawn(process.execPath, [join(SCRIPTS, `${verb}.ts`), '--catalog', 'site/content', ...args], {
      cwd: work,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...basicVariables(),
        HOME: folder,
        REGISTRY: registry,
        GITHUB_TOKEN: 'secret',
        GITHUB_REPOSITORY: 'owner/repo',
        GITHUB_REF_NAME: 'main',
        GITHUB_RUN_ID: String(1000 + level),
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_API_URL: api.url,
        GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
      },
    });
  }
  const startReceive = (): ChildProcess =>
    start('receive', '--plans', 'plans', '--artifacts', 'artifacts', '--matrix', matrix);
  return {
    start: startReceive,
    receive: () => finish(startReceive()),
    commit: () => finish(start('commit')),
  };
}

async function finish(child: ChildProcess): Promise<string> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const code = await new Promise((done) => child.once('close', done));
  expect(code, output).toBe(0);
  return output;
}

/** Compares every committed build with the registry; returns the builds. */
async function expectAgreement(): Promise<Build[]> {
  cloneRepository(origin, join(folder, 'result'));
  const builds = [...readCatalog(join(folder, 'result/site/content')).builds.values()];
  for (const { image } of builds) {
    expect((await openRegistry(registry).describeTag(image.tag))?.digest, image.tag).toBe(image.digest);
  }
  return builds;
}

function packageNames(): string[] {
  return readdirSync(resolve(import.meta.dirname, '../fixtures/cache-unsigned/v3/manifests/spec'));
}

/** Lists the tags directly from the registry. */
async function listTags(): Promise<string[]> {
  const response = await fetch(`${server.url}/v2/owner/repo/tags/list`);
  if (!response.ok) return [];
  return z.object({ tags: z.array(z.string()).nullable() }).parse(await response.json()).tags ?? [];
}
