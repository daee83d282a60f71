import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cloneRepository, commitFiles, git, makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi, type GitHubApi } from '../../tests/world/github-api.ts';
import { startServer } from '../../tests/world/start-server.ts';
import { openGitHub } from '../github/api.ts';
import { checkLive } from './live-site.ts';
import {
  startDeploy,
  lookAtRelease,
  decideDeploy,
  type DeployDecision,
  type DeployFacts,
} from './start-deploy.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

let folder: string;
let origin: string;
let api: GitHubApi | undefined;
let site: Server;
let siteUrl: string;
/** The index that the site serves; undefined: none. */
let served: string[] | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'start-deploy-'));
  origin = join(folder, 'origin.git');
  makeBareRepository(origin);
  served = undefined;
  site = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    const text = served && served.length > 1 ? served.shift() : served?.[0];
    if (pathname !== '/cache/api/index.json' || text === undefined) {
      response.writeHead(404).end('no such page');
      return;
    }
    response.setHeader('content-type', 'application/json').end(text);
  });
  siteUrl = `${await startServer(site)}/cache`;
});

afterEach(async () => {
  await api?.close();
  api = undefined;
  site.closeAllConnections();
  site.close();
  rmSync(folder, { recursive: true, force: true });
});

test('starts the deployment that a forgotten Pages setting has prevented, and no second one', async () => {
  const first = commit('site/content/builds/zlib/zlib-1.json');
  expect(await start(0)).toMatchObject({ deploys: false, isAdvice: true });
  await open({ pagesUrl: siteUrl });
  expect(await start(0)).toMatchObject({ deploys: true });
  served = [index(first)];
  expect(await start(0)).toMatchObject({ deploys: false, isAdvice: false });
  commit('README.md');
  expect(await start(0)).toMatchObject({ deploys: false });
  commit('site/content/builds/zlib/zlib-2.json');
  expect(await start(0)).toMatchObject({ deploys: true });
  expect(await start(2)).toMatchObject({ deploys: true });
  expect(api?.dispatches).toEqual(Array.from({ length: 3 }, () => 'deploy.yml on main'));
});

test('deploys when the site shows a commit that the repository does not have', async () => {
  commit('site/content/builds/zlib/zlib-1.json');
  await open({ pagesUrl: siteUrl });
  served = [index('f'.repeat(40))];
  expect(await start(0)).toMatchObject({ deploys: true });
  served = ['<html>somebody else'];
  expect(await start(0)).toMatchObject({ deploys: true });
});

test('deploys when the repository was renamed, since its pages at the new address link to the old one', async () => {
  const first = commit('site/content/builds/zlib/zlib-1.json');
  await open({ pagesUrl: siteUrl });
  served = [index(first, siteUrl)];
  expect(await start(0)).toMatchObject({ deploys: false });
  served = [index(first, siteUrl.replace('/cache', '/before'))];
  expect(await start(0)).toMatchObject({ deploys: true });
});

test('deploys when GitHub does not find Pages of a repository that has it, since a token without permission gets a 404, too', async () => {
  commit('site/content/builds/zlib/zlib-1.json');
  await open({
    pagesUrl: siteUrl,
    more: async (_method, { pathname }, _body, response) => {
      if (!pathname.endsWith('/pages')) return false;
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
      return true;
    },
  });
  expect(await start(1)).toMatchObject({ deploys: true });
});

test('looks at a release of the recipes at once when a run is the first to use it', async () => {
  commit('site/content/builds/zlib/zlib-1.json');
  await open({ pagesUrl: siteUrl });
  const catalog = join(folder, 'catalog');
  const look = (packages: string) => lookAtRelease(openApi(), { packages, branch: 'main', catalog });
  expect(await look('v2026.06.0')).toBeUndefined();
  mkdirSync(join(catalog, 'checks'), { recursive: true });
  const compared = { release: 'v2026.06.0', commit: 'a'.repeat(40), date: '2026-06-20T00:00:00Z' };
  const comparison = { ...compared, current: [], noNewer: [], older: [] };
  writeFileSync(join(catalog, 'checks/recipes.json'), JSON.stringify(comparison));
  for (const packages of ['v2026.06.0', 'v2025.11.0', 'develop', 'b'.repeat(40)])
    expect(await look(packages)).toBeUndefined();
  expect(api?.dispatches).toEqual([]);
  expect(await look('v2026.10.0')).toContain('newer-releases.yml was started');
  expect(api?.dispatches).toEqual(['newer-releases.yml on main']);
});

test('waits until the site shows the deployment', async () => {
  served = [index('a'.repeat(40)), index('a'.repeat(40)), index('b'.repeat(40))];
  const expected = index('b'.repeat(40));
  const options = { waitMs: 60_000, pauseMs: 5, deployPage: 'https://x/deploy.yml' };
  expect(await checkLive(siteUrl, expected, options)).toMatchObject({ isServed: true });
});

test('gives advice about a deployment that is not served', async () => {
  const options = { waitMs: 0, pauseMs: 5, deployPage: 'https://x/deploy.yml' };
  const expected = index('b'.repeat(40));
  await expect(checkLive(siteUrl, expected, options)).rejects.toThrow(
    /found no such file .*https:\/\/x\/deploy\.yml.*SITE_URL/,
  );
  served = [index('a'.repeat(40))];
  await expect(checkLive(siteUrl, expected, options)).rejects.toThrow(
    /\(commit bbbbbbb\), found an older deployment .*\(commit aaaaaaa\).*issues\/383.*--allow-empty.*Run workflow/,
  );
  await expect(checkLive('http://127.0.0.1:1', expected, options)).rejects.toThrow(/found no answer .*DNS/);
});

/** Opens the stand-in for GitHub; by default Pages is switched off. */
async function open(
  pages: Pick<Parameters<typeof startGitHubApi>[0], 'pagesUrl' | 'more'> = {},
): Promise<void> {
  await api?.close();
  api = undefined;
  api = await startGitHubApi({ repositoryDir: origin, repository: 'Owner/Cache', token: 'secret', ...pages });
}

async function start(committed: number): Promise<DeployDecision> {
  if (!api) await open();
  return startDeploy(openApi(), { committed, branch: 'main' }, { SITE_URL: siteUrl });
}

function openApi() {
  const environment = {
    GITHUB_API_URL: api?.url,
    GITHUB_REPOSITORY: 'Owner/Cache',
    GITHUB_TOKEN: 'secret',
  };
  return openGitHub(environment);
}

/** The part of the index that is read. */
function index(oid: string, url?: string): string {
  return JSON.stringify({ version: 1, endpoints: [], commit: oid, url });
}

/** Commits one new file on main and returns the commit's id. */
function commit(path: string): string {
  const work = join(folder, 'work');
  rmSync(work, { recursive: true, force: true });
  cloneRepository(origin, work);
  const name = commitFiles(work, { [path]: path });
  git(work, 'push', '-q', 'origin', 'HEAD:main');
  return name;
}

const FACTS: DeployFacts = {
  committed: 0,
  branch: 'main',
  repository: { defaultBranch: 'main', isPrivate: false, fullName: 'Owner/Cache' },
  pages: { isByWorkflow: true },
  live: 'current',
};

test.each<[string, Partial<DeployFacts>, boolean, RegExp]>([
  [
    'something was committed',
    { committed: 2, siteUrl: 'https://owner.github.io/Cache' },
    true,
    /committed 2 files\. .*Owner\/Cache\/actions\/workflows\/deploy\.yml is green, then open https:\/\/owner\.github\.io\/Cache\.$/,
  ],
  ['one file was committed', { committed: 1 }, true, /committed 1 file\./],
  ['nothing was committed and the site is current', {}, false, /^Nothing to deploy/],
  ['nothing was committed and the site is behind', { live: 'behind' }, true, /older data/],
  ['the repository was renamed', { live: 'moved' }, true, /built for another address/],
  ['Pages was switched on since', { live: 'absent' }, true, /nothing is served yet/],
  ['the site cannot be read', { live: 'unknown' }, true, /could not be read/],
  [
    'Pages is off',
    { committed: 2, pages: undefined },
    false,
    /switched off.*Owner\/Cache\/settings\/pages.*"GitHub Actions", then open .*workflows\/deploy\.yml and press "Run workflow"/,
  ],
  ['Pages is built from a branch', { pages: { isByWorkflow: false } }, false, /built from a branch/],
  [
    'a private repository without Pages',
    { pages: undefined, repository: { ...FACTS.repository, isPrivate: true } },
    false,
    /paid plan/,
  ],
  ['another branch', { committed: 2, branch: 'try' }, false, /default branch, main, and this run is for try/],
])('decides where %s', (_, facts, deploys, sentence) => {
  const decision = decideDeploy({ ...FACTS, ...facts });
  expect(decision.deploys).toBe(deploys);
  expect(decision.sentence).toMatch(sentence);
  expect(decision.isAdvice).toBe(decision.sentence.includes('press'));
});
