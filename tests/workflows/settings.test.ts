import { afterEach, describe, expect, test } from 'vitest';
import { expectSameAttempt } from '../../scripts/concretize/gather.ts';
import { openIssue } from '../../scripts/github/issues.ts';
import { openGitHub } from '../../scripts/github/api.ts';
import { eventPayload } from '../world/github-events.ts';
import { openRepository, type Repository, type Setting } from './repository.ts';
import { jobsOf, runWorkflow } from './workflows.ts';
import { pace } from '../../scripts/http/retry.ts';

pace.secondMs = 1;

/**
 * Setups of a repository, one line each, with the output of the workflows' scripts and the jobs that run.
 * GitHub and its Pages are stand-ins, with real git repositories; nothing is built.
 */

const COPY = 'Some-Owner/Cache';
const COMMITTED = { registry: 'ghcr.io/some-owner/cache', repository: COPY, repositoryId: '4711' };
const REVIEWS = ['deletion', 'pull_request'];

let repository: Repository | undefined;

afterEach(async () => {
  await repository?.close();
  repository = undefined;
});

async function open(setting: Setting): Promise<Repository> {
  repository = await openRepository(setting);
  return repository;
}

test.each<[string, Setting, string[]]>([
  ['a new copy with Pages on', {}, []],
  [
    'Pages off',
    { pages: 'off' },
    [
      `GitHub Pages: warning: it is switched off: builds are published to the registry, but no site shows them. Open https://github.com/${COPY}/settings/pages and set "Source" to "GitHub Actions"`,
    ],
  ],
  ['Pages from a branch', { pages: 'from a branch' }, ['GitHub Pages: warning: it is built from a branch: ']],
  [
    'a private repository without Pages',
    { isPrivate: true, pages: 'off' },
    ['(for a private repository it needs a paid plan of GitHub)'],
  ],
  ['issues off', { hasIssues: false }, ['Issues: warning: they are switched off: ']],
  [
    'another branch',
    { branch: 'try' },
    ['Branch: warning: this run is for try: the site shows the default branch, main, and does not change'],
  ],
  [
    "main protected in a person's repository",
    { rules: REVIEWS },
    [
      'Rules of the branch: stop: a rule of main (pull_request) refuses the commit of new builds. The workflow commits as ' +
        "GitHub Actions, which cannot be on the bypass list of a person's repository.",
    ],
  ],
  [
    "main protected in an organization's repository",
    { rules: REVIEWS, owner: 'Organization' },
    [
      'Rules of the branch: warning: a rule of main (pull_request) may refuse the commit of new builds. ',
      'An organization can also put "GitHub Actions" on the bypass list of a ruleset of its own (https://github.com/organizations/Some-Owner/settings/rules)',
    ],
  ],
  [
    'main that waits for code scanning',
    { rules: ['deletion', 'code_scanning'] },
    ['Rules of the branch: stop: a rule of main (code_scanning) refuses the commit of new builds. '],
  ],
  [
    'main with rules that depend on the commit',
    { rules: ['commit_message_pattern', 'file_path_restriction'], owner: 'Organization' },
    [
      'Rules of the branch: warning: a rule of main (commit_message_pattern, file_path_restriction) may refuse the commit',
    ],
  ],
  [
    'main with rules that every commit of the workflow meets',
    { rules: ['creation', 'deletion', 'non_fast_forward', 'required_linear_history', 'required_signatures'] },
    [],
  ],
  ['main protected, with a token of somebody who may pass', { rules: REVIEWS, hasCommitToken: true }, []],
  [
    'a transferred repository',
    { repository: 'New-Owner/Cache', publishedBy: COMMITTED },
    ['Registry: stop: ghcr.io/some-owner/cache belongs to another owner than this repository: '],
  ],
  ['a renamed repository', { repository: 'Some-Owner/Renamed' }, []],
  ['owner.github.io itself', { repository: 'Some-Owner/some-owner.github.io' }, []],
])('Check the setup of %s', async (_, setting, expected) => {
  const said = await (await open(setting)).checkSetup();
  for (const sentence of expected) expect(said).toContain(sentence);
  // There is no registry with these names.
  const toLookAt = said.split('\n').filter((line) => !/^[\w ]+: ok: |^Package: unknown/.test(line));
  expect(toLookAt).toHaveLength(expected.length === 0 ? 0 : 1);
});

test.each<[string, Setting, string]>([
  ['a name with capitals', {}, 'ghcr.io/some-owner/cache https://some-owner.github.io/Cache'],
  [
    'owner.github.io itself',
    { repository: 'Some-Owner/Some-Owner.github.io' },
    'ghcr.io/some-owner/some-owner.github.io https://some-owner.github.io',
  ],
  [
    'a name with dots',
    { repository: 'Some-Owner/My.Cache.v2' },
    'ghcr.io/some-owner/my.cache.v2 https://some-owner.github.io/My.Cache.v2',
  ],
  ['a dot before', { repository: 'owner/.cache' }, 'ghcr.io/owner/cache https://owner.github.io/.cache'],
  ['a dot behind', { repository: 'owner/cache.' }, 'ghcr.io/owner/cache https://owner.github.io/cache.'],
  ['underscores around', { repository: 'owner/_c_' }, 'ghcr.io/owner/c https://owner.github.io/_c_'],
  ['hyphens around', { repository: 'owner/-c-' }, 'ghcr.io/owner/c https://owner.github.io/-c-'],
  [
    'a domain of its own',
    { domain: 'https://cache.example.org/' },
    'ghcr.io/some-owner/cache https://cache.example.org',
  ],
  [
    'a domain of its own without HTTPS',
    { domain: 'http://cache.example.org/' },
    'ghcr.io/some-owner/cache http://cache.example.org',
  ],
  ['Pages off', { pages: 'off' }, 'ghcr.io/some-owner/cache https://some-owner.github.io/Cache'],
  [
    'a renamed repository, whose builds stay where they are',
    { repository: 'Some-Owner/Renamed', publishedBy: COMMITTED },
    'ghcr.io/some-owner/cache https://some-owner.github.io/Renamed',
  ],
  [
    'a transferred repository, likewise',
    { repository: 'New-Owner/Cache', publishedBy: COMMITTED },
    'ghcr.io/some-owner/cache https://new-owner.github.io/Cache',
  ],
  [
    'a copy of a used cache',
    { repository: 'Other/Copy', id: '4712', publishedBy: COMMITTED },
    'ghcr.io/other/copy https://other.github.io/Copy',
  ],
])('Registry and site of %s', async (_, setting, expected) => {
  expect(await (await open(setting)).places()).toBe(expected);
});

test.each<[string, Setting, string]>([
  ['a public repository', {}, 'publish=true private=false retention=7'],
  ['a private repository', { isPrivate: true }, 'publish=true private=true retention=1'],
  ['another branch', { branch: 'try' }, 'publish=false private=false retention=7'],
])('Choose in %s', async (_, setting, expected) => {
  expect(await (await open(setting)).choose()).toBe(expected);
});

test.each<[string, Setting, string]>([
  ["a person's repository", {}, '1 files committed'],
  [
    "main protected by a ruleset of a person's repository",
    { fault: 'rule' },
    "a rule of the branch main refuses the commit: Repository rule violations found Changes must be made through a pull request. The workflow commits as GitHub Actions, which cannot be on the bypass list of a person's repository.",
  ],
  [
    "main protected by a classic rule of an organization's repository",
    { fault: 'review rule', owner: 'Organization' },
    'At least 1 approving review is required by reviewers with write access.',
  ],
  [
    'main that other people alone may push to',
    { fault: 'people rule', owner: 'Organization' },
    "a rule of the branch main refuses the commit: You're not authorized to push to this branch.",
  ],
  ['a template update merged during the run', { fault: 'stale' }, '1 files committed'],
  ['an answer that is lost', { fault: 'lost answer' }, '1 files committed'],
])('Commit in %s', async (_, setting, expected) => {
  expect((await (await open(setting)).commit()).replaceAll(/\s+/g, ' ')).toContain(expected);
});

test('Pages off, then on, then the same run again: the site appears, and is not deployed twice', async () => {
  const setting: Setting = { pages: 'off' };
  const { commit, startDeploy, deploy, api } = await open(setting);
  expect(await commit()).toBe('1 files committed');
  expect(await startDeploy(1)).toMatch(
    /^GitHub Pages is switched off: .*\/settings\/pages .*"GitHub Actions".*deploy\.yml and press "Run workflow"/,
  );
  expect(api.dispatches).toEqual([]);
  setting.pages = 'on';
  expect(await startDeploy(0)).toMatch(/^Deploying: nothing was committed, but nothing is served yet\. /);
  expect(api.dispatches).toEqual(['deploy.yml on main']);
  deploy();
  expect(await startDeploy(0)).toMatch(/^Nothing to deploy: nothing was committed, and the site shows/);
  expect(api.dispatches).toHaveLength(1);
});

test('a second run that finds everything cached deploys only if the site is behind', async () => {
  const { commit, startDeploy, deploy } = await open({});
  deploy();
  expect(await startDeploy(0)).toMatch(/^Nothing to deploy/);
  expect(await commit()).toBe('1 files committed');
  expect(await startDeploy(0)).toMatch(
    /^Deploying: nothing was committed, but the site shows older data than the branch has\. /,
  );
});

test('two workflows of one push: the build deploys its own commit, regardless of the other', async () => {
  const { commit, startDeploy, deploy, api } = await open({});
  const jobs = async (name: string) =>
    jobsOf(await runWorkflow(name, { github: eventOf('push', true), outcomes: BUILT }));
  expect(await jobs('deploy.yml')).toEqual(['deploy', 'report']);
  expect(await jobs('environment.yml')).toContain('build/deploy');
  deploy();
  expect(await commit()).toBe('1 files committed');
  expect(await startDeploy(1)).toMatch(/^Deploying: this run committed 1 file\. /);
  expect(api.dispatches).toEqual(['deploy.yml on main']);
});

test('an environment pushed with Pages off is built, and the run says what to click', async () => {
  const { commit, startDeploy } = await open({ pages: 'off' });
  const jobs = async (name: string) =>
    jobsOf(await runWorkflow(name, { github: eventOf('push', false), outcomes: BUILT }));
  expect(await jobs('deploy.yml')).toEqual([]);
  expect(await jobs('environment.yml')).toContain('build/publish');
  expect(await commit()).toBe('1 files committed');
  expect(await startDeploy(1)).toMatch(/^GitHub Pages is switched off: .*settings\/pages/);
});

test('a deployment that is accepted but not served fails with advice', async () => {
  const { commit, deploy, checkLive } = await open({});
  expect(await checkLive()).toMatch(/found no such file .*A first deployment may take longer/);
  deploy();
  expect(await checkLive()).toBe('the site shows this deployment');
  expect(await commit()).toBe('1 files committed');
  expect(await checkLive()).toMatch(
    /found an older deployment .*GitHub accepts a second deployment of one commit, and may not serve it/,
  );
});

test('a run from another branch deploys nothing', async () => {
  const { startDeploy, api } = await open({ branch: 'try' });
  expect(await startDeploy(1)).toBe(
    'Nothing is deployed: the site shows the default branch, main, and this run is for try.',
  );
  expect(api.dispatches).toEqual([]);
});

test('a failed deployment causes no second failure when issues are off', async () => {
  const { api } = await open({ hasIssues: false });
  const environment = { GITHUB_API_URL: api.url, GITHUB_REPOSITORY: COPY, GITHUB_TOKEN: 'token of the run' };
  expect(await openIssue(openGitHub(environment), 'deployment', { run: 'https://run' })).toBeUndefined();
});

describe('which jobs run', () => {
  test('first push of a copy: none, so nothing fails and nothing is deployed', async () => {
    for (const name of ['deploy.yml', 'ci.yml'])
      expect(jobsOf(await runWorkflow(name, { github: eventOf('push', false) })), name).toEqual([]);
  });

  test('a scheduled run, whose event has no repository: all of them', async () => {
    const world = { github: eventOf('schedule', true), vars: { SCHEDULED_BUILDS: 'true' } };
    expect(jobsOf(await runWorkflow('scheduled.yml', { ...world, outcomes: BUILT }))).toEqual(ALL);
  });

  test('two targets, one of which cannot be concretized: the other is published and deployed', async () => {
    const outcomes = { ...BUILT, 'build/concretize': { result: 'failure' as const } };
    const run = await runWorkflow('manual.yml', { github: eventOf('workflow_dispatch', true), outcomes });
    expect(jobsOf(run)).toEqual(ALL);
  });

  test('"re-run failed jobs": Publish uses earlier builds, but no plans of another attempt', () => {
    expect(() => expectSameAttempt('1-abc', '1')).not.toThrow();
    expect(() => expectSameAttempt('1-abc', '2')).toThrow(
      'this is attempt 2, and what to build was chosen in attempt 1, whose builds may have changed the plans since; choose ' +
        '"Re-run all jobs" instead of "Re-run failed jobs"',
    );
  });
});

const CHOSEN = {
  ...{ count: '1', targets: '[]', requests: '[]', run: '1-a' },
  ...{ publish: 'true', private: 'false', retention: '7' },
};
const ONE_JOB = JSON.stringify([
  { next: { include: [{ index: 0 }] }, long: { include: [] }, last: { include: [] } },
]);
const BUILT = {
  'build/choose': { outputs: CHOSEN },
  'build/plan': { outputs: { count: '1', work: 'true', matrix: '{}', jobs: ONE_JOB } },
  'build/publish': { outputs: { committed: '1' } },
};
const ALL = ['choose', 'concretize', 'plan', 'build', 'publish', 'deploy'].map((name) => `build/${name}`);

/** Context `github` for an event in a public copy. */
function eventOf(name: 'push' | 'workflow_dispatch' | 'schedule', hasPages: boolean) {
  const event = eventPayload(name, { hasPages });
  return { event_name: name, ref: 'refs/heads/main', ref_name: 'main', event };
}
