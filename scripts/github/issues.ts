import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { describeError } from '../cli/command.ts';
import type { GitHub } from './api.ts';
import { BusyError, GitHubRefusedError } from './errors.ts';
import { pace } from '../http/retry.ts';

/** A subject that is right or wrong, with one open issue while it is wrong. */
interface Topic {
  /** Label by which its issue is found. */
  label: string;
  color: string;
  title: string;
  /** Text of the issue, followed by a link to the log. */
  text(github: GitHub): string;
  /** Comments on a repeated failure and on success, each followed by a link to the log. */
  again: string;
  over: string;
}

/** Every topic with an issue. */
export const TOPICS = {
  deployment: {
    label: 'deploy-failed',
    color: 'b60205',
    title: 'The site could not be deployed',
    text: ({ owner, name }) =>
      'The last deployment failed, and its log says why. The site still shows the deployment before it. Builds are ' +
      'still published: the next deployment shows them. In a new repository, look at ' +
      `https://github.com/${owner}/${name}/settings/pages: "Source" has to be "GitHub Actions". GitHub cancels a ` +
      'deployment that takes longer than 10 minutes: if that keeps happening, lower `pagesBudget` in ' +
      '`.github/build-cache.yaml`.\n\n' +
      'This issue closes itself when a deployment succeeds.',
    again: 'It failed again',
    over: 'Deployed again',
  },
  health: {
    label: 'cache-damaged',
    color: 'b60205',
    title: 'Catalog, registry and site disagree',
    text: () =>
      'The weekly check found that catalog, registry and site disagree: clients may fail. Each finding says what to do.\n\n' +
      'This issue closes itself when a check finds nothing.',
    again: 'They still disagree',
    over: 'They agree again',
  },
} as const satisfies Record<string, Topic>;

export type IssueTopic = keyof typeof TOPICS;

/** GitHub's limit is 65,536 characters. */
export const MAX_BODY = 60_000;
/** Label by which, with its title, a proposal is found; GitHub creates the label with the first issue. */
const PROPOSAL_LABEL = 'newer-release';
/** Labels of this repository's issues. */
const LABELS = {
  ...Object.fromEntries(
    Object.values(TOPICS).map(({ label, color, title }) => [label, { color, description: title }]),
  ),
  /** Label of the form in `.github/ISSUE_TEMPLATE/build-failure.yml`. */
  'build-failure': { color: 'd93f0b', description: 'A spec that did not build' },
};
/** Number of tries: an issue whose creation got no answer may appear in the list a moment later. */
const MAX_TRIES = 3;

const Named = z.object({ name: z.string() });
const Label = z.union([Named, z.string().transform((name) => ({ name }))]);
const Issue = z.object({ number: z.int(), labels: z.array(Label).default([]) });
/** GitHub lists pull requests as issues, too. */
const Issues = z.array(Issue.extend({ title: z.string().default(''), pull_request: z.unknown().optional() }));

/** Report of a run. */
export interface RunReport {
  /** Address of the run's log. */
  run: string | undefined;
  /** Markdown after the usual text. */
  details?: string;
}

/**
 * Opens an issue that links to the run's log, or comments on the open one.
 * @returns its number; undefined when the repository's issues are switched off
 */
export function openIssue(github: GitHub, topic: IssueTopic, report: RunReport): Promise<number | undefined> {
  const { label, again } = TOPICS[topic];
  return unlessOff(async () => {
    for (let tries = 1; ; tries += 1) {
      const [issue] = await listIssues(github, label, 'open');
      if (issue) {
        // An issue that this run has just opened needs no comment.
        if (tries === 1) await comment(github, issue.number, composeText(again, report));
        return issue.number;
      }
      try {
        return await createIssue(github, topic, report);
      } catch (error) {
        if (!(error instanceof BusyError) || tries === MAX_TRIES) throw error;
        await sleep(2 * pace.secondMs);
      }
    }
  });
}

/**
 * Closes the open issues and returns their numbers; undefined when the repository's issues are switched off.
 */
export function closeIssue(
  github: GitHub,
  topic: IssueTopic,
  run: string | undefined,
): Promise<number[] | undefined> {
  const { label, over } = TOPICS[topic];
  return unlessOff(async () => {
    const open = await listIssues(github, label, 'open');
    for (const { number } of open) {
      await comment(github, number, composeText(over, { run }));
      const change = { number, state: 'closed', state_reason: 'completed' };
      await github.call('PATCH /repos/{owner}/{repo}/issues/{number}', change, Issue);
    }
    return open.map(({ number }) => number);
  });
}

/**
 * Outcome of a proposal. `known`: an earlier issue exists, open or closed; `off`: the repository has no
 * issues.
 */
type Proposed = { kind: 'opened' | 'known'; number: number } | { kind: 'off' };

/** Opens an issue with a proposal, once per title: one that the owner has closed is not opened again. */
export async function openProposal(github: GitHub, title: string, body: string): Promise<Proposed> {
  const proposed = await unlessOff(async (): Promise<Proposed> => {
    const proposal = (await listIssues(github, PROPOSAL_LABEL, 'all')).find((issue) => issue.title === title);
    if (proposal) return { kind: 'known', number: proposal.number };
    const issue = { title, body, labels: [PROPOSAL_LABEL] };
    const options = { canRepeat: false };
    const { number } = await github.call('POST /repos/{owner}/{repo}/issues', issue, Issue, options);
    return { kind: 'opened', number };
  });
  return proposed ?? { kind: 'off' };
}

/**
 * Creates missing labels, since GitHub drops a label that does not exist from an issue form. Never fails: an
 * issue does not need them.
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
    // 410: issues are switched off. 422: another run has just created it.
    if (error instanceof GitHubRefusedError && [410, 422].includes(error.status)) return;
    console.error(`labels could not be checked: ${describeError(error)}`);
  }
}

async function createIssue(github: GitHub, topic: IssueTopic, report: RunReport): Promise<number> {
  const { title, label, text } = TOPICS[topic];
  const issue = { title, body: composeText(text(github), report), labels: [label] };
  const { number, labels } = await github.call('POST /repos/{owner}/{repo}/issues', issue, Issue, {
    canRepeat: false,
  });
  // GitHub silently drops labels if it decides that the token may not set them.
  if (!labels.some(({ name }) => name === label)) {
    const route = 'POST /repos/{owner}/{repo}/issues/{number}/labels';
    await github.call(route, { number, labels: [label] }, z.unknown());
  }
  return number;
}

function composeText(lead: string, { run, details }: RunReport): string {
  return [lead, ...(run ? [`Log: ${run}`] : []), ...(details ? [details] : [])]
    .join('\n\n')
    .slice(0, MAX_BODY);
}

async function listIssues(github: GitHub, label: string, state: 'open' | 'all') {
  const query = { labels: label, state, per_page: 100 };
  const issues = await github.call('GET /repos/{owner}/{repo}/issues', query, Issues);
  return issues.filter((issue) => issue.pull_request === undefined);
}

async function comment(github: GitHub, number: number, body: string): Promise<void> {
  await github.call('POST /repos/{owner}/{repo}/issues/{number}/comments', { number, body }, z.unknown());
}

/** Returns undefined for status 410, which GitHub answers when the repository's issues are switched off. */
async function unlessOff<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GitHubRefusedError && error.status === 410) return undefined;
    throw error;
  }
}
