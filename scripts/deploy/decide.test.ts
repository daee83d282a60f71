import { expect, test } from 'vitest';
import { decideDeploy, type DeployFacts } from './decide.ts';

const FACTS: DeployFacts = {
  committed: 0,
  branch: 'main',
  repository: { defaultBranch: 'main', isPrivate: false, fullName: 'Owner/Cache' },
  pages: { isByWorkflow: true },
  live: 'current',
};

test.each<[string, Partial<DeployFacts>, boolean, RegExp]>([
  ['something was committed', { committed: 2 }, true, /committed 2 files/],
  ['one file was committed', { committed: 1 }, true, /committed 1 file\./],
  ['nothing was committed and the site is current', {}, false, /^Nothing to deploy/],
  ['nothing was committed and the site is behind', { live: 'behind' }, true, /older data/],
  ['the repository was renamed', { live: 'moved' }, true, /made for another address/],
  ['Pages was switched on since', { live: 'absent' }, true, /nothing is served yet/],
  ['the site cannot be read', { live: 'unknown' }, true, /could not be read/],
  [
    'Pages is off',
    { committed: 2, pages: undefined },
    false,
    /switched off.*Owner\/Cache\/settings\/pages.*"GitHub Actions", then open .*workflows\/deploy\.yml and press "Run workflow"/,
  ],
  ['Pages is made from a branch', { pages: { isByWorkflow: false } }, false, /made from a branch/],
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
