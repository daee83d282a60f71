import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { formatJson } from '../../site/lib/json.ts';
import { readJson } from '../cli/files.ts';
import type { GitHub } from './api.ts';
import { GitHubRefusedError } from './errors.ts';

/** By this label and its title a proposal is found again; GitHub makes the label with the first issue. */
const LABEL = 'newer-release';

const Issue = z.object({
  number: z.int(),
  title: z.string(),
  state: z.string(),
  pull_request: z.unknown().optional(),
});

/** GitHub takes 65,536 characters. */
export const MAX_BODY = 60_000;

/**
 * What `propose-update --to` writes and `--from` reads: the job that loads recipes may not write, and the job that opens the issue
 * loads none. Nothing in it is trusted.
 */
const ProposalFile = z.strictObject({
  title: z.string().min(1).max(250),
  body: z.string().max(MAX_BODY),
});
export type ProposalFile = z.infer<typeof ProposalFile>;

/** Reads a proposal that `writeProposal` wrote. */
export function readProposal(file: string): ProposalFile {
  return readJson(file, ProposalFile, { advice: 'write it with propose-update --to FILE' });
}

/** Writes a proposal for the job that opens the issue. */
export function writeProposal(file: string, proposal: ProposalFile): void {
  writeFileSync(file, formatJson(proposal));
}

/** What became of a proposal: `known` was made earlier, open or closed; `off`: the repository has no issues. */
export type Proposed = { kind: 'opened' | 'known'; number: number } | { kind: 'off' };

/** Opens an issue with a proposal, once for each title: one that the owner has closed is not opened again. */
export async function openProposal(github: GitHub, title: string, body: string): Promise<Proposed> {
  try {
    const query = { labels: LABEL, state: 'all', per_page: 100 };
    const issues = await github.call('GET /repos/{owner}/{repo}/issues', query, z.array(Issue));
    const openIssue = issues.find((issue) => issue.pull_request === undefined && issue.title === title);
    if (openIssue) return { kind: 'known', number: openIssue.number };
    const issue = { title, body, labels: [LABEL] };
    const options = { canRepeat: false };
    const { number } = await github.call('POST /repos/{owner}/{repo}/issues', issue, Issue, options);
    return { kind: 'opened', number };
  } catch (error) {
    // The owner has switched issues off.
    if (error instanceof GitHubRefusedError && error.status === 410) return { kind: 'off' };
    throw error;
  }
}
