import { expect, test } from 'vitest';
import { judgeSetup, type SetupFacts } from './judge.ts';

const FACTS: SetupFacts = {
  repository: {
    fullName: 'Owner/Cache',
    defaultBranch: 'main',
    isPrivate: false,
    isFork: false,
    ownerType: 'User',
    hasPages: true,
    hasIssues: true,
  },
  branch: 'main',
  pages: { url: 'https://owner.github.io/Cache', isByWorkflow: true },
  rules: { types: [], isProtected: false },
  hasCommitToken: false,
  registry: 'ghcr.io/owner/cache',
  login: 'run',
  visibility: 'public',
  publishAdvice: 'ghcr.io/owner/cache is private: open https://x',
  others: [],
  keys: 0,
  unsigned: 3,
  hasSigningKey: false,
  isScheduled: true,
  quietDays: 45,
};
const BIG = { ...FACTS, registry: 'registry.example.org/big', login: 'none', visibility: 'private' } as const;
const ORGANIZATION = { ...FACTS.repository, ownerType: 'Organization' as const };
const PRIVATE_AND_QUIET = { repository: { ...FACTS.repository, isPrivate: true }, quietDays: 100 };
const REVIEWS = { types: ['deletion', 'pull_request'], isProtected: true };

test('finds no problem in a setup that works', () => {
  expect(judgeSetup(FACTS).map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'ok'));
});

test('judges the registry of a target like that of the cache', () => {
  const checks = judgeSetup({ ...FACTS, others: [{ ...BIG, publishAdvice: 'big is private' }] });
  expect(checks.filter(({ state }) => state !== 'ok')).toEqual([
    {
      name: 'Registry',
      state: 'warning',
      sentence: expect.stringContaining('no login for registry.example.org/big'),
    },
    { name: 'Package', state: 'warning', sentence: 'big is private' },
  ]);
});

test.each<[string, Partial<SetupFacts>, string, string, RegExp]>([
  ['another branch', { branch: 'try' }, 'Branch', 'warning', /default branch, main/],
  [
    'Pages that is off',
    { pages: 'off' },
    'GitHub Pages',
    'warning',
    /Owner\/Cache\/settings\/pages.*"GitHub Actions"/,
  ],
  [
    'Pages from a branch',
    { pages: { url: 'https://x', isByWorkflow: false } },
    'GitHub Pages',
    'warning',
    /built from a branch/,
  ],
  [
    "a rule of a person's repository",
    { rules: REVIEWS },
    'Rules of the branch',
    'stop',
    /pull_request.*cannot be on the bypass list.*settings\/rules.*COMMIT_TOKEN/,
  ],
  [
    "a rule of an organization's repository",
    { rules: REVIEWS, repository: ORGANIZATION },
    'Rules of the branch',
    'warning',
    /organizations\/Owner\/settings\/rules.*COMMIT_TOKEN/,
  ],
  [
    'a rule with a token',
    { rules: REVIEWS, hasCommitToken: true },
    'Rules of the branch',
    'ok',
    /COMMIT_TOKEN/,
  ],
  [
    'rules that hold for deletions only',
    { rules: { types: ['deletion', 'non_fast_forward'], isProtected: true } },
    'Rules of the branch',
    'ok',
    /allow the workflow to commit/,
  ],
  [
    'a classic rule, of which no more is known',
    { rules: { types: [], isProtected: true } },
    'Rules of the branch',
    'warning',
    /may refuse/,
  ],
  ['rules that cannot be asked', { rules: undefined }, 'Rules of the branch', 'unknown', /settings\/rules/],
  ['half a login', { login: { problem: 'half is missing' } }, 'Registry', 'stop', /half is missing/],
  [
    'a transferred repository',
    { registry: 'ghcr.io/former/cache' },
    'Registry',
    'stop',
    /another owner.*write:packages/,
  ],
  ['no login', { login: 'none' }, 'Registry', 'warning', /REGISTRY_USERNAME/],
  ['a private package', { visibility: 'private' }, 'Package', 'warning', /is private: open/],
  ['a key without its secret', { keys: 1 }, 'Signing key', 'warning', /unsigned/],
  [
    'a key that came later than some builds',
    { keys: 1, hasSigningKey: true },
    'Signing key',
    'warning',
    /3 of the builds here have no signature.*scripts\/sign\.ts/,
  ],
  ['a key and all signed', { keys: 1, hasSigningKey: true, unsigned: 0 }, 'Signing key', 'ok', /are signed/],
  ['a secret without its key', { hasSigningKey: true }, 'Signing key', 'warning', /scripts\/key\.ts/],
  [
    'issues that are off',
    { repository: { ...FACTS.repository, hasIssues: false } },
    'Issues',
    'warning',
    /Owner\/Cache\/settings/,
  ],
  [
    'a schedule that GitHub stops soon',
    { quietDays: 46 },
    'Schedule',
    'warning',
    /46 days old: GitHub stops .* 60 days without activity.*actions\/workflows\/manual\.yml.*"Enable workflow"/,
  ],
  [
    'a private repository, whose schedules go on',
    PRIVATE_AND_QUIET,
    'Schedule',
    'ok',
    /never stops the schedules/,
  ],
  ['a branch that cannot be asked', { quietDays: undefined }, 'Schedule', 'unknown', /60 days/],
])('says of %s', (_, facts, name, state, sentence) => {
  const checks = judgeSetup({ ...FACTS, ...facts });
  expect(checks.find((check) => check.name === name)).toEqual({
    name,
    state,
    sentence: expect.stringMatching(sentence),
  });
  expect(checks.filter((check) => check.state !== 'ok').length).toBeLessThanOrEqual(1);
});

test('does not mention schedules in a run that somebody started', () => {
  const names = judgeSetup({ ...FACTS, isScheduled: false, quietDays: 100 }).map(({ name }) => name);
  expect(names).not.toContain('Schedule');
});
