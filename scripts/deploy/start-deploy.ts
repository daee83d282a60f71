import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { dataPlace } from '../../site/lib/catalog/data-commit.ts';
import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import { describeError } from '../cli/command.ts';
import { readFiles } from '../commit/branch.ts';
import type { GitHub } from '../github/api.ts';
import { GitHubRefusedError } from '../github/errors.ts';
import {
  type PagesSite,
  type RepositoryFacts,
  readPages,
  readRepository,
  startWorkflow,
} from '../github/repository.ts';
import { newestRelease } from '../spack/latest.ts';
import { parseServedIndex, readLiveIndex } from './live-site.ts';

const WORKFLOW = 'deploy.yml';

/** Reads the facts, decides, and starts the workflow that deploys the branch. */
export async function startDeploy(
  github: GitHub,
  { committed, branch }: { committed: number; branch: string },
  environment: ProcessEnvironment,
): Promise<DeployDecision> {
  const { GITHUB_SERVER_URL: server = 'https://github.com' } = environment;
  const repository = await readRepository(github);
  const pages = await readPagesIfAllowed(github, repository.hasPages);
  const mayDeploy = pages?.isByWorkflow === true && branch === repository.defaultBranch && committed === 0;
  const siteUrl = environment['SITE_URL'] || pages?.url;
  const live = mayDeploy ? await compareLive(github, branch, siteUrl, environment) : 'unknown';
  const decision = decideDeploy({ committed, branch, repository, pages, live, siteUrl }, server);
  if (decision.deploys) await dispatch(github, branch, `${server}/${repository.fullName}`);
  return decision;
}

/**
 * @param hasPages from the repository's own facts. It decides when GitHub does not find Pages, since that is
 * also the answer to a token without permission
 */
async function readPagesIfAllowed(
  github: GitHub,
  hasPages: boolean,
): Promise<(Pick<PagesSite, 'isByWorkflow'> & { url?: string }) | undefined> {
  const unknown = hasPages ? { isByWorkflow: true } : undefined;
  try {
    return (await readPages(github)) ?? unknown;
  } catch (error) {
    if (!(error instanceof GitHubRefusedError)) throw error;
    console.error(`GitHub did not return the settings of Pages: ${describeError(error)}`);
    return unknown;
  }
}

/** Whether the site shows the state of the branch; true when the site does not say. */
export async function isSiteCurrent(
  github: GitHub,
  branch: string,
  environment: ProcessEnvironment,
): Promise<boolean> {
  const siteUrl = environment['SITE_URL'];
  return ['current', 'unknown'].includes(await compareLive(github, branch, siteUrl, environment));
}

/** Compares the catalog and address of the live site with those of the branch. */
async function compareLive(
  github: GitHub,
  branch: string,
  siteUrl: string | undefined,
  environment: ProcessEnvironment,
): Promise<DeployFacts['live']> {
  if (!siteUrl) return 'unknown';
  const address = siteUrl.replace(/\/+$/, '');
  const index = await readLiveIndex(address);
  if (index.state === 'missing') return 'absent';
  if (index.state !== 'served') {
    console.error(
      `${siteUrl}/api/index.json: ${index.state === 'login' ? 'asks for a login' : index.reason}`,
    );
    return 'unknown';
  }
  const { commit, url } = parseServedIndex(index.text) ?? {};
  // GitHub moves the site of a repository that is renamed, transferred or gets a domain, without rebuilding
  // its pages.
  if (url !== undefined && url !== address) return 'moved';
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit)) return 'unknown';
  const { folder } = dataPlace(environment);
  const [served, there] = await Promise.all(
    [commit, `refs/heads/${branch}`].map(
      async (name) => (await readFiles(github, name, [folder])).get(folder)?.oid,
    ),
  );
  return served !== undefined && served === there ? 'current' : 'behind';
}

async function dispatch(github: GitHub, branch: string, page: string): Promise<void> {
  try {
    await startWorkflow(github, branch, WORKFLOW);
  } catch (cause) {
    throw new Error(
      `what was built is published and committed, but the deployment could not be started: open ` +
        `${page}/actions/workflows/${WORKFLOW}, enable the workflow if GitHub says that it is disabled, and press "Run workflow"`,
      { cause },
    );
  }
}

const LOOK = 'newer-releases.yml';

/**
 * Starts the weekly look at newer releases at once when a run is the first to use a new release of the
 * recipes: until then pages and API compare builds with the previous one. A catalog that was never compared
 * waits for the weekly run.
 * @param packages release of the run's recipes
 * @returns a sentence about it, or undefined when nothing was done
 */
export async function lookAtRelease(
  github: GitHub,
  { packages, branch, catalog }: { packages: string; branch: string; catalog: string },
): Promise<string | undefined> {
  const compared = readCatalogFile(catalog, catalogPath('checks', 'recipes'), RecipeComparison)?.release;
  if (compared === undefined || newestRelease([packages, compared]) !== packages || packages === compared)
    return undefined;
  const newer = `The recipes ${packages} are newer than ${compared}, which builds were last compared with`;
  try {
    await startWorkflow(github, branch, LOOK);
  } catch (error) {
    if (!(error instanceof GitHubRefusedError)) throw error;
    return `${newer}, but ${LOOK} could not be started: enable it under Actions (${describeError(error)}).`;
  }
  return `${newer}: ${LOOK} was started.`;
}

/** Facts that decide whether a build ends with a deployment. */
export interface DeployFacts {
  committed: number;
  branch: string;
  repository: Pick<RepositoryFacts, 'defaultBranch' | 'isPrivate' | 'fullName'>;
  /** Absent when Pages is switched off. */
  pages: Pick<PagesSite, 'isByWorkflow'> | undefined;
  /** State of the live site compared with the branch. Only read when nothing was committed. */
  live: 'current' | 'behind' | 'moved' | 'absent' | 'unknown';
  /** Address of the site, as far as it is known. */
  siteUrl?: string | undefined;
}

/** Whether to deploy, and a sentence that says why, with what to click if the owner has to act. */
export interface DeployDecision {
  deploys: boolean;
  sentence: string;
  /** Whether the owner has something to do. */
  isAdvice: boolean;
}

/**
 * Decides whether a build ends with a deployment. A build starts `deploy.yml` as a separate run rather than
 * calling it: that run starts at the commit that the build has made, and GitHub Pages serves one deployment
 * per commit (actions/deploy-pages#383); it can be started again on its own; and it sees the current settings
 * of Pages.
 */
export function decideDeploy(facts: DeployFacts, serverUrl = 'https://github.com'): DeployDecision {
  const { committed, branch, repository, pages, live, siteUrl } = facts;
  const page = `${serverUrl}/${repository.fullName}`;
  const result = (deploys: boolean, sentence: string, isAdvice = false): DeployDecision => ({
    deploys,
    sentence,
    isAdvice,
  });
  if (branch !== repository.defaultBranch) {
    return result(
      false,
      `Nothing is deployed: the site shows the default branch, ${repository.defaultBranch}, and this run is for ${branch}.`,
    );
  }
  if (!pages || !pages.isByWorkflow) {
    const plan = repository.isPrivate ? ' (for a private repository it needs a paid plan of GitHub)' : '';
    const lead = pages ? 'GitHub Pages is built from a branch' : 'GitHub Pages is switched off';
    return result(
      false,
      `${lead}: there is no site to deploy to. Open ${page}/settings/pages and set "Source" to "GitHub Actions"${plan}, ` +
        `then open ${page}/actions/workflows/deploy.yml and press "Run workflow".`,
      true,
    );
  }
  if (committed === 0 && live === 'current')
    return result(
      false,
      'Nothing to deploy: nothing was committed, and the site shows the present data of the branch.',
    );
  const reasons = {
    behind: 'the site shows older data than the branch has',
    moved: 'the site was built for another address',
    absent: 'nothing is served yet',
    unknown: 'the site could not be read',
    current: '',
  };
  const reason =
    committed > 0
      ? `this run committed ${committed} ${committed === 1 ? 'file' : 'files'}`
      : `nothing was committed, but ${reasons[live]}`;
  const place = siteUrl ? `, then open ${siteUrl}` : '';
  return result(
    true,
    `Deploying: ${reason}. Wait until the newest run at ${page}/actions/workflows/${WORKFLOW} is green${place}.`,
  );
}
