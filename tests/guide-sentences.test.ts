import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RequestError } from '@octokit/request-error';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { z } from 'zod';
import { judgeSetup, type SetupFacts } from '../scripts/check-setup/judge.ts';
import { explainRule } from '../scripts/commit/rule-advice.ts';
import { describeLive, type LiveSite } from '../scripts/deploy/live-site.ts';
import { decideDeploy, startDeploy } from '../scripts/deploy/start-deploy.ts';
import { explainRefusal, RuleError } from '../scripts/github/errors.ts';
import { listRunArtifacts } from '../scripts/github/run-artifacts.ts';
import { describeError } from '../scripts/cli/command.ts';
import { chooseLogins } from '../scripts/oci/credentials.ts';
import { RegistryRefusedError } from '../scripts/oci/errors.ts';
import { parseReference } from '../scripts/oci/registry.ts';
import { describePrivate } from '../scripts/github/visibility.ts';
import { describeUselessRun, describeWaves } from '../scripts/receive/finish-run.ts';
import { prepareCompilers } from '../scripts/spack/open-spack.ts';
import { expectTools } from '../scripts/spack/install-spack.ts';
import { pagesAnswer, repositoryAnswer } from './world/github-rest.ts';
import { decideContinuation, MAX_ROUNDS } from '../scripts/waves/continue-run.ts';
import { explainedSentences, guide, quotedActions, quotedTexts } from './world/guide-page.ts';
import { startServer } from './world/start-server.ts';

test('the guide explains what a run asks its owner to do, in the words that the run prints', async () => {
  const spoken = await ownersSentences();
  const explained = explainedSentences();
  for (const { quote, pattern } of explained)
    expect(
      spoken.some((sentence) => pattern.test(sentence)),
      `no run says: ${quote}`,
    ).toBe(true);
  for (const sentence of spoken)
    expect(
      explained.some(({ pattern }) => pattern.test(sentence)),
      `not in the guide: ${sentence}`,
    ).toBe(true);
  const actions = readStandIns();
  for (const words of quotedActions()) expect(actions.includes(words), `no action says: ${words}`).toBe(true);
  const deploying = decideDeploy({ ...DEPLOY, pages: { isByWorkflow: true }, siteUrl: SITE });
  const visibility = describePrivate('ghcr.io/owner/lab-cache', {});
  expect(quotedTexts()).toEqual([deploying.sentence, visibility.replace(/ \(of an organization: \S+\)/, '')]);
});

test('the guide quotes how a run in waves ends', () => {
  const stuck = decideContinuation({ round: 0, waiting: 12, published: 0 });
  const job = { planned: 1, newBuilds: [], again: 1, failures: [] };
  const jobs = [0, 1].map((index) => ({ ...job, entry: { ...ENTRY, index } }));
  const nothing = { failures: [], waiting: [], waitingSeconds: 0, containers: 0, specs: [] };
  const [last = ''] = describeWaves(jobs, nothing).split('\n').slice(-1);
  expect(guide('long-builds')).toContain(`\`${last}\``);
  expect(guide('long-builds')).toContain(`\n${stuck.sentence}\n`);
  expect(guide('long-builds')).toContain(`after ${MAX_ROUNDS} runs`);
});

/** A job in the matrix. */
const ENTRY = {
  ...{ target: 'x86_64_v3', runner: 'ubuntu-24.04', container: '' },
  ...{ plan: '', lock: '', inputs: '' },
};

const SITE = 'https://owner.github.io/lab-cache';
const REPOSITORY = {
  ...{ fullName: 'owner/lab-cache', defaultBranch: 'main', isPrivate: false, isFork: false },
  ...{ ownerType: 'User' as const, hasPages: true, hasIssues: true },
};
const DEPLOY = { committed: 9, branch: 'main', repository: REPOSITORY, live: 'unknown' as const };

/** Collects every sentence of a run that asks its owner to do something, except errors of other servers. */
async function ownersSentences(): Promise<string[]> {
  const repository = REPOSITORY;
  const registry = 'ghcr.io/owner/lab-cache';
  const publishAdvice = describePrivate(registry, {});
  const works: SetupFacts = {
    ...{
      repository,
      branch: 'main',
      pages: { url: SITE, isByWorkflow: true },
    },
    ...{ rules: { types: [], isProtected: false }, hasCommitToken: false, registry, login: 'run' },
    ...{ visibility: 'public', publishAdvice, others: [], keys: 1, unsigned: 0, hasSigningKey: true },
    ...{ isScheduled: true, quietDays: 1 },
  };
  const reviews = { types: ['pull_request'], isProtected: true };
  const branchSite = { url: SITE, isByWorkflow: false };
  const setups: Partial<SetupFacts>[] = [
    { branch: 'try' },
    { rules: reviews },
    { rules: reviews, repository: { ...repository, ownerType: 'Organization' } },
    { rules: { types: [], isProtected: true } },
    { registry: 'ghcr.io/other/lab-cache' },
    { login: 'none' },
    { login: { problem: await refusalOf(chooseForTwoHosts) } },
    { login: { problem: 'it refuses the login of me (401)' } },
    { visibility: 'private' },
    { pages: 'off' },
    { pages: branchSite },
    { keys: 0 },
    { hasSigningKey: false },
    { unsigned: 2 },
    { repository: { ...repository, hasIssues: false } },
    { quietDays: 50 },
  ];
  const checks = setups.flatMap((facts) => judgeSetup({ ...works, ...facts }));
  const asked = checks.filter(({ state }) => state === 'stop' || state === 'warning');
  expect(asked).toHaveLength(setups.length);
  const silent = () => Promise.reject(new Error('no answer'));
  const github = { owner: 'owner', name: 'lab-cache', call: silent, ask: silent };
  return [
    ...asked.map(({ name, sentence }) => `${name}: ${sentence}`),
    ...[undefined, branchSite].map((pages) => decideDeploy({ ...DEPLOY, pages }).sentence),
    (await explainRule(github, 'main', new RuleError('Changes must be made through a pull request.')))
      .message,
    publishAdvice,
    await refusalOf(startWithoutWorkflow),
    ...LIVE_SITES.map((live) => describeLive(SITE, live, '', 1, 'the page of Deploy')),
    await refusalOf(() => expectTools({ PATH: '' })),
    await refusalOf(useBrokenCompiler),
    ...REFUSALS.map(describeRefusedPush),
    await refusalOf(listNoArtifacts),
    explainRefusal(USED_UP).message,
    describeUselessRun({ received: [], unsolved: [UNSOLVED], faults: [] }) ?? '',
  ];
}

/** GitHub's answer when the hour's requests are used up. */
const USED_UP = new RequestError('API rate limit exceeded for installation.', 403, {
  request: { method: 'GET', url: 'https://api.github.com/', headers: {} },
  response: {
    ...{ status: 403, url: 'https://api.github.com/', data: {}, retryCount: 0 },
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1764540000' },
  },
});

/** Refused pushes: a registry, and its own words. */
const REFUSALS = [
  ['ghcr.io/owner/lab-cache', 'permission_denied: write_package'],
  ['registry.example.org/lab-cache', ''],
] as const;

function describeRefusedPush([registry, words]: (typeof REFUSALS)[number]): string {
  vi.stubEnv('GITHUB_ACTIONS', 'true');
  const reference = parseReference(registry);
  if (reference.kind === 'directory') throw new Error(`${registry}: expected a registry`);
  const { message } = new RegistryRefusedError(reference, 403, true, words);
  vi.unstubAllEnvs();
  return message;
}

async function listNoArtifacts(): Promise<void> {
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end('{"total_count":0,"artifacts":[]}'),
  );
  onTestFinished(() => void server.close());
  const api = { GITHUB_API_URL: await startServer(server), GITHUB_RUN_ID: '7', GITHUB_TOKEN: 'x' };
  await listRunArtifacts({ ...api, GITHUB_REPOSITORY: 'owner/lab-cache' });
}

/**
 * Text of the stand-ins for GitHub's actions, and the words of the runner itself. Source of those:
 * src/Runner.Worker/ContainerOperationProvider.cs of actions/runner.
 */
function readStandIns(): string {
  const folder = resolve(import.meta.dirname, 'actions');
  const files = ['configure-pages/main.ts', 'deploy-pages/main.ts', '../world/pages-service.ts'];
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  return [...texts, 'Docker pull failed with exit code'].join();
}

/** A request without a solution. */
const UNSOLVED = { name: 'zlib', spec: 'zlib@99', target: 'x86_64_v3', kind: 'concretize' as const, log: [] };

/** States of the site in which a deployment does not appear. */
const LIVE_SITES: LiveSite[] = [
  { state: 'served', text: '{}' },
  { state: 'missing' },
  { state: 'unreachable', reason: 'getaddrinfo ENOTFOUND' },
];

/** Starts a deployment where GitHub does not start the workflow. */
function startWithoutWorkflow(): Promise<unknown> {
  const call = async <T>(route: string, _: object, schema: z.ZodType<T>): Promise<T> => {
    if (route.startsWith('POST')) throw new Error('no answer');
    const isPages = route.endsWith('/pages');
    return schema.parse(isPages ? pagesAnswer(`${SITE}/`) : repositoryAnswer('owner/lab-cache', {}, 'User'));
  };
  const github = {
    owner: 'owner',
    name: 'lab-cache',
    call,
    ask: () => Promise.reject(new Error('no answer')),
  };
  return startDeploy(github, { committed: 1, branch: 'main' }, {});
}

/** Uses a login that two hosts would receive. */
function chooseForTwoHosts(): void {
  const login = { REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'secret' };
  chooseLogins(['one.example.org/a', 'two.example.org/b'], login);
}

function useBrokenCompiler(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'compiler-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'packages.yaml');
  const compiler = { spec: 'gcc@1', prefix: '/', extra_attributes: { compilers: { c: '/bin/false' } } };
  writeFileSync(file, JSON.stringify({ packages: { gcc: { externals: [compiler] } } }));
  return prepareCompilers(file, {}, undefined);
}

/** Error of a run. */
async function refusalOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return 'nothing';
  } catch (error) {
    return describeError(error);
  }
}
