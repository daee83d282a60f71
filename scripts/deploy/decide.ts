import type { PagesSite, RepositoryFacts } from '../github/repository.ts';

/** What decides whether a build ends with a deployment. */
export interface DeployFacts {
  /** Files that the run has committed. */
  committed: number;
  /** The branch that the run is for. */
  branch: string;
  repository: Pick<RepositoryFacts, 'defaultBranch' | 'isPrivate' | 'fullName'>;
  /** Absent: Pages is switched off. */
  pages: Pick<PagesSite, 'isByWorkflow'> | undefined;
  /** Whether the live site shows what the branch has. Only looked at when nothing was committed. */
  live: 'current' | 'behind' | 'moved' | 'absent' | 'unknown';
}

/** Whether to deploy, and the sentence that says why, with what to click where the owner has to act. */
export interface DeployDecision {
  deploys: boolean;
  sentence: string;
  /** Whether the owner has something to do. */
  isAdvice: boolean;
}

/**
 * Decides whether a build ends with a deployment. A build starts `deploy.yml` as a run of its own rather than calling
 * it: that run begins at the commit that the build has made, and GitHub Pages serves one deployment a commit
 * (actions/deploy-pages#383); it can be started again by itself; and it sees Pages as they are then.
 */
export function decideDeploy(facts: DeployFacts, serverUrl = 'https://github.com'): DeployDecision {
  const { committed, branch, repository, pages, live } = facts;
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
    const lead = pages ? 'GitHub Pages is made from a branch' : 'GitHub Pages is switched off';
    return result(
      false,
      `${lead}: there is no site to deploy to. Open ${page}/settings/pages and set "Source" to "GitHub Actions"${plan}, ` +
        `then open ${page}/actions/workflows/deploy.yml and press "Run workflow".`,
      true,
    );
  }
  if (committed > 0)
    return result(true, `Deploying: this run committed ${committed} ${committed === 1 ? 'file' : 'files'}.`);
  const reasons = {
    current: 'Nothing to deploy: nothing was committed, and the site shows what the branch has.',
    behind: 'Deploying: nothing was committed, but the site shows older data than the branch has.',
    moved: 'Deploying: nothing was committed, but what the site shows was made for another address.',
    absent: 'Deploying: nothing was committed, but nothing is served yet.',
    unknown: 'Deploying: nothing was committed, and what the site shows could not be read.',
  };
  return result(live !== 'current', reasons[live]);
}
