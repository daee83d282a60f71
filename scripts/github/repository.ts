import { z } from 'zod';
import { openGitHub, type GitHub } from './api.ts';
import { isNotFound } from './errors.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { annotate } from './actions.ts';

/** GitHub Pages of a repository. */
export interface PagesSite {
  /** Address of the site, on the owner's own domain if there is one. */
  url: string;
  /** Whether workflows may deploy; false when it is built from a branch. */
  isByWorkflow: boolean;
}

/**
 * GitHub's facts about a repository that decide what a run may do. Source: "Get a repository" of GitHub's
 * REST API. Facts that only affect advice are optional.
 */
const Repository = z
  .object({
    full_name: z.string(),
    default_branch: z.string(),
    private: z.boolean(),
    fork: z.boolean().default(false),
    owner: z.object({ type: z.string() }).default({ type: 'User' }),
    has_pages: z.boolean().default(false),
    has_issues: z.boolean().default(true),
  })
  .transform((answer) => ({
    /** `owner/name`, with the owner's capitalization. */
    fullName: answer.full_name,
    defaultBranch: answer.default_branch,
    isPrivate: answer.private,
    isFork: answer.fork,
    ownerType: answer.owner.type === 'Organization' ? ('Organization' as const) : ('User' as const),
    /** Whether GitHub Pages is switched on, from a branch or from workflows. */
    hasPages: answer.has_pages,
    hasIssues: answer.has_issues,
  }));
export type RepositoryFacts = z.infer<typeof Repository>;

/** Source: "Get a GitHub Pages site" of GitHub's REST API. */
const Pages = z.object({
  html_url: z.url({ protocol: /^https?$/ }),
  build_type: z.enum(['legacy', 'workflow']).nullish(),
});

/** Reads the facts about a repository, with any token of its workflows. */
export function readRepository(github: GitHub): Promise<RepositoryFacts> {
  return github.call('GET /repos/{owner}/{repo}', {}, Repository);
}

/** Reads the settings of GitHub Pages, which needs `pages: read`; undefined when it is switched off. */
export async function readPages(github: GitHub): Promise<PagesSite | undefined> {
  try {
    const { html_url: url, build_type: type } = await github.call(
      'GET /repos/{owner}/{repo}/pages',
      {},
      Pages,
    );
    return { url, isByWorkflow: type !== 'legacy' };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Asks GitHub for the site's address, which may be on the owner's own domain, as `actions/configure-pages`
 * reports it to a deployment. Undefined, with a notice, when Pages is switched off or the token has no
 * permission.
 */
export async function askPagesUrl(environment: ProcessEnvironment): Promise<string | undefined> {
  try {
    const pages = await readPages(openGitHub(environment));
    if (pages) return pages.url;
    annotate(
      'notice',
      "GitHub Pages is switched off: the site's address is derived from the repository's name",
    );
  } catch (error) {
    annotate(
      'notice',
      `GitHub did not return the site's address, which is derived from the repository's name: ${describeError(error)}`,
    );
  }
  return undefined;
}

/** Starts a workflow that has `workflow_dispatch`, which needs `actions: write`. */
export async function startWorkflow(
  github: GitHub,
  branch: string,
  workflow: string,
  inputs?: Record<string, string>,
): Promise<void> {
  const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches';
  await github.call(route, { workflow, ref: branch, inputs }, z.unknown());
}
