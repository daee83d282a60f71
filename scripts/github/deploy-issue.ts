import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { describeError } from '../cli/command.ts';
import type { GitHub } from './api.ts';
import { BusyError, GitHubRefusedError } from './errors.ts';

/** Labels of this repository's issues. */
const LABELS = {
  /** By this label the issue about deployments is found again. */
  'deploy-failed': { color: 'b60205', description: 'The site could not be deployed' },
  /** Of the form in `.github/ISSUE_TEMPLATE/build-failure.yml`. */
  'build-failure': { color: 'd93f0b', description: 'A spec that did not build' },
};
const LABEL = 'deploy-failed';
const TITLE = 'The site could not be deployed';
/** Looks for an issue whose making got no answer: GitHub may list it a moment later. */
const MAX_TRIES = 3;

const Named = z.object({ name: z.string() });
const Label = z.union([Named, z.string().transform((name) => ({ name }))]);
const Issue = z.object({ number: z.int(), labels: z.array(Label).default([]) });
/** GitHub lists pull requests among the issues. */
const Issues = z.array(Issue.extend({ pull_request: z.unknown().optional() }));

/**
 * Opens an issue that links to the run's log, or adds to the one that is open.
 * @returns its number; undefined where the repository's issues are switched off
 */
export function openIssue(
  github: GitHub,
  run: string | undefined,
  { pauseMs = 2_000 } = {},
): Promise<number | undefined> {
  return unlessOff(async () => {
    for (let tries = 1; ; tries += 1) {
      const [issue] = await listOpen(github);
      if (issue) {
        // An issue that this very run has opened needs no second word.
        if (tries === 1) await comment(github, issue.number, `It failed again: ${run ?? 'see the log'}`);
        return issue.number;
      }
      try {
        return await createIssue(github, run);
      } catch (error) {
        if (!(error instanceof BusyError) || tries === MAX_TRIES) throw error;
        await sleep(pauseMs);
      }
    }
  });
}

/** Closes the issues that are open; gives their numbers, undefined where the repository's issues are switched off. */
export function closeIssue(github: GitHub, run: string | undefined): Promise<number[] | undefined> {
  return unlessOff(async () => {
    const open = await listOpen(github);
    for (const { number } of open) {
      await comment(github, number, `Deployed again: ${run ?? ''}`.trim());
      const change = { number, state: 'closed', state_reason: 'completed' };
      await github.call('PATCH /repos/{owner}/{repo}/issues/{number}', change, Issue);
    }
    return open.map(({ number }) => number);
  });
}

/**
 * Makes the labels that are missing: GitHub drops a label that does not exist from an issue form. Never fails: an issue
 * does without.
 */
export async function makeLabels(github: GitHub): Promise<void> {
  try {
    const Labels = z.array(Named);
    const labels = await github.call('GET /repos/{owner}/{repo}/labels', { per_page: 100 }, Labels);
    const names = new Set(labels.map(({ name }) => name.toLowerCase()));
    for (const [name, look] of Object.entries(LABELS)) {
      if (names.has(name)) continue;
      await github.call('POST /repos/{owner}/{repo}/labels', { name, ...look }, z.unknown());
    }
  } catch (error) {
    // 410: issues are switched off. 422: another run has made it since.
    if (error instanceof GitHubRefusedError && [410, 422].includes(error.status)) return;
    console.error(`labels were not looked at: ${describeError(error)}`);
  }
}

async function createIssue(github: GitHub, run: string | undefined): Promise<number> {
  const settings = `https://github.com/${github.owner}/${github.name}/settings/pages`;
  const body =
    `The last deployment failed. Its log says why: ${run ?? 'see the Actions tab'}\n\n` +
    'The site still shows the deployment before it. Builds are still published: the next deployment shows them. ' +
    `In a new repository, look at ${settings}: "Source" has to be "GitHub Actions".\n\n` +
    'This issue closes itself when a deployment succeeds.';
  const issue = { title: TITLE, body, labels: [LABEL] };
  const { number, labels } = await github.call('POST /repos/{owner}/{repo}/issues', issue, Issue, {
    canRepeat: false,
  });
  // GitHub drops labels in silence where it holds that the token may not set them.
  if (!labels.some(({ name }) => name === LABEL)) {
    const route = 'POST /repos/{owner}/{repo}/issues/{number}/labels';
    await github.call(route, { number, labels: [LABEL] }, z.unknown());
  }
  return number;
}

async function listOpen(github: GitHub): Promise<{ number: number }[]> {
  const query = { labels: LABEL, state: 'open', per_page: 100 };
  const issues = await github.call('GET /repos/{owner}/{repo}/issues', query, Issues);
  return issues.filter((issue) => issue.pull_request === undefined);
}

async function comment(github: GitHub, number: number, body: string): Promise<void> {
  await github.call('POST /repos/{owner}/{repo}/issues/{number}/comments', { number, body }, z.unknown());
}

/** GitHub answers 410 where the owner has switched the repository's issues off. */
async function unlessOff<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GitHubRefusedError && error.status === 410) return undefined;
    throw error;
  }
}
