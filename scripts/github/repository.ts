import { z } from 'zod';
import { openGitHub, type GitHub, type ApiOptions } from './api.ts';
import { isNotFound } from './errors.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { annotate } from './actions.ts';

/** GitHub Pages of a repository. */
export interface PagesSite {
  /** Address of the site: a domain of the owner's own, where there is one. */
  url: string;
  /** Whether workflows may deploy: false when it is made from a branch. */
  isByWorkflow: boolean;
}

/**
 * What GitHub says of a repository, where it decides what a run may do. Source: "Get a repository" of GitHub's REST API.
 * What decides nothing but advice may be missing.
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
    /** `owner/name`, as the owner writes it. */
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

/** Asks for a repository; any token of its workflows may. */
export function readRepository(github: GitHub): Promise<RepositoryFacts> {
  return github.call('GET /repos/{owner}/{repo}', {}, Repository);
}

/** Asks for GitHub Pages, with `pages: read`; undefined while it is switched off. */
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
 * Asks GitHub where the site is, a domain of the owner's own included: what `actions/configure-pages` reports to a
 * deployment. Undefined, with a notice, where it does not say: Pages is switched off, or the token may not ask.
 */
export async function askPagesUrl(
  environment: ProcessEnvironment,
  options: ApiOptions = {},
): Promise<string | undefined> {
  try {
    const pages = await readPages(openGitHub(environment, options));
    if (pages) return pages.url;
    annotate(
      'notice',
      "GitHub Pages is switched off: the site's address is taken from the repository's name",
    );
  } catch (error) {
    annotate(
      'notice',
      `GitHub does not say where the site is; its address is taken from the repository's name: ${describeError(error)}`,
    );
  }
  return undefined;
}
