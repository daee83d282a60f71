import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi, type GitHubApi } from '../../tests/world/github-api.ts';
import { TEST_LOGIN } from '../../tests/world/registry.ts';
import { useServers } from '../../tests/world/servers.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { openGitHub } from '../github/api.ts';
import type { SetupFacts } from './judge.ts';
import { readSetupFacts } from './read-facts.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

const TOKEN = 'secret';
const servers = useServers();
let folder: string;
let apis: GitHubApi[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facts-'));
  apis = [];
  makeBareRepository(join(folder, 'origin.git'));
  mkdirSync(join(folder, 'content/keys'), { recursive: true });
});

afterEach(async () => {
  vi.useRealTimers();
  for (const api of apis) await api.close();
  rmSync(folder, { recursive: true, force: true });
});

async function read(
  options: Partial<Parameters<typeof startGitHubApi>[0]>,
  { registry = `oci-layout:${folder}/registry`, branch = '', ...environment }: Record<string, string> = {},
  prepare?: (api: GitHubApi) => void,
  targets: Target[] = [],
): Promise<SetupFacts> {
  const repositoryDir = join(folder, 'origin.git');
  const api = await startGitHubApi({ repositoryDir, repository: 'Owner/Cache', token: TOKEN, ...options });
  apis.push(api);
  prepare?.(api);
  const variables = {
    GITHUB_REPOSITORY: 'Owner/Cache',
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: api.url,
    ...environment,
  };
  const places = { branch, registry, targets, catalog: join(folder, 'content') };
  return readSetupFacts(openGitHub(variables), places, variables);
}

test('reads the facts of a new copy of the template', async () => {
  expect(await read({ issuesOff: true })).toMatchObject({
    repository: { fullName: 'Owner/Cache', hasPages: false, hasIssues: false, ownerType: 'User' },
    ...{ branch: 'main', pages: 'off', rules: { types: [], isProtected: false }, visibility: 'empty' },
    ...{ login: 'none', keys: 0, hasSigningKey: false, hasCommitToken: false },
  });
});

test('reads Pages, rules, keys and secrets', async () => {
  writeFileSync(join(folder, 'content/keys/A.asc'), 'key');
  mkdirSync(join(folder, 'content/manifests/zlib'), { recursive: true });
  writeFileSync(join(folder, 'content/manifests/zlib/zlib-1.spec.manifest.json'), '{}');
  const signed =
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n-----BEGIN PGP SIGNATURE-----\n\nx\n';
  writeFileSync(
    join(folder, 'content/manifests/zlib/zlib-2.spec.manifest.json'),
    `${signed}-----END PGP SIGNATURE-----\n`,
  );
  const facts = await read(
    { pagesUrl: 'https://owner.github.io/Cache', rules: ['pull_request', 'deletion', 'deletion'] },
    { branch: 'try', HAS_SIGNING_KEY: 'true', HAS_COMMIT_TOKEN: 'true' },
  );
  expect(facts).toMatchObject({
    ...{ branch: 'try', pages: { url: 'https://owner.github.io/Cache', isByWorkflow: true } },
    ...{ rules: { types: ['deletion', 'pull_request'], isProtected: true } },
    ...{ keys: 1, unsigned: 1, hasSigningKey: true, hasCommitToken: true },
  });
});

test('treats facts that cannot be read as unknown, and continues', async () => {
  const granted = { contents: 'read' } as const;
  const pagesUrl = 'https://owner.github.io/Cache';
  expect(await read({ pagesUrl, permissions: granted })).toMatchObject({
    pages: undefined,
    rules: { types: [], isProtected: false },
  });
  expect(await read({ permissions: {} })).toMatchObject({ pages: undefined, rules: undefined });
});

test('reports no facts about a repository that it cannot read', async () => {
  await expect(read({}, {}, (api) => api.fail('forbidden'))).rejects.toThrow(/Resource not accessible/);
});

test('tries the owner’s login at the registry, and reports what is wrong with it', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  const registry = `http://${ghcr.host}/owner/cache`;
  const GITHUB_REGISTRIES = ghcr.host;
  expect((await read({}, { registry, GITHUB_REGISTRIES })).login).toBe('run');
  const login = { registry, REGISTRY_USERNAME: 'owner' };
  expect((await read({}, { ...login, REGISTRY_PASSWORD: TOKEN })).login).toBe('secret');
  expect((await read({}, { ...login, REGISTRY_PASSWORD: 'wrong' })).login).toMatchObject({
    problem: expect.stringMatching(/denied|refuses/),
  });
  expect((await read({}, login)).login).toMatchObject({
    problem: expect.stringMatching(/REGISTRY_PASSWORD/),
  });
});

test('tries it at the registry of a target, too, and warns when two hosts would see it', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  const { host } = await servers.startRegistry({ login: true });
  const places = { registry: `http://${ghcr.host}/owner/cache`, GITHUB_REGISTRIES: ghcr.host };
  const target = (name: string, registry: string) => ({ name, runner: 'ubuntu-24.04', registry });
  const login = { REGISTRY_USERNAME: TEST_LOGIN.username, REGISTRY_PASSWORD: TEST_LOGIN.password };
  const large = target('large', `${host}/large`);
  const facts = await read({}, { ...places, ...login }, undefined, [large, { ...large, name: 'larger' }]);
  expect(facts).toMatchObject({ login: 'run', others: [{ login: 'secret', visibility: 'empty' }] });
  expect(facts.others).toHaveLength(1);
  const wrong = await read({}, { ...places, ...login, REGISTRY_PASSWORD: 'wrong' }, undefined, [large]);
  expect(wrong.others).toMatchObject([
    { login: { problem: expect.stringContaining('it refuses the login of') } },
  ]);
  const two = [large, target('small', 'two.example.org/small')];
  expect((await read({}, { ...places, ...login }, undefined, two)).login).toMatchObject({
    problem: expect.stringContaining('registries at one host'),
  });
});

test('reads the age of the last commit', async () => {
  // GitHub's own example of a branch: its last commit is from 2012-03-06T23:06:50Z.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2012-04-20T23:06:49Z') });
  expect(await read({}, { GITHUB_EVENT_NAME: 'schedule' })).toMatchObject({
    isScheduled: true,
    quietDays: 44,
  });
  expect(await read({ permissions: {} })).toMatchObject({ isScheduled: false, quietDays: undefined });
});
