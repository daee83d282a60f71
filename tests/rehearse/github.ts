import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ArtifactService } from '../world/artifact-service.ts';
import type { Ghcr } from '../world/ghcr.ts';
import { startGitHubApi, type GitHubApi, type Permissions } from '../world/github-api.ts';
import { repositoryAnswer } from '../world/github-rest.ts';
import type { PagesService } from '../world/pages-service.ts';
import { Dispatch, refuseDispatch } from '../world/workflow-dispatch.ts';

/** Settings that the owner of a repository can change on GitHub. */
export interface RepositorySettings {
  /** Owner and name with GitHub's capitalization; they change when it is renamed or transferred. */
  repository: string;
  owner?: 'User' | 'Organization';
  isPrivate?: boolean;
  hasIssues?: boolean;
  /** Whether its site has a custom domain. */
  hasDomain?: boolean;
  /** Types of the ruleset rules for main. */
  rules?: string[];
}

const WORKFLOWS = resolve(import.meta.dirname, '../../.github/workflows');
const Grants = z.record(z.string(), z.enum(['read', 'write']));
const Workflow = z.object({
  name: z.string(),
  jobs: z.record(z.string(), z.object({ permissions: Grants.optional() })),
});

let grants: Map<string, Permissions> | undefined;

/** Permissions of a job, named by the name of its workflow and its id, such as `Build/publish`. */
export function permissionsOf(job: string): Permissions {
  grants ??= new Map(
    readdirSync(WORKFLOWS).flatMap((file) => {
      const { name, jobs } = Workflow.parse(parse(readFileSync(join(WORKFLOWS, file), 'utf8')));
      return Object.entries(jobs).map(
        ([id, { permissions = {} }]) => [`${name}/${id}`, permissions] as const,
      );
    }),
  );
  const permissions = grants.get(job);
  if (!permissions) throw new Error(`no workflow has the job ${job}`);
  return permissions;
}

/** A run started by another run. */
type StartedRun = { workflow: string } & z.infer<typeof Dispatch>;

/** Starts the API of GitHub for a repository with its Pages, artifacts and registry. */
export function startRehearsedApi(options: {
  origin: string;
  token: string;
  settings: RepositorySettings;
  pages: PagesService;
  artifacts: ArtifactService;
  /** Whether it lists artifacts. */
  hasArtifactsApi: () => boolean;
  ghcr: Ghcr;
  onStart: (run: StartedRun) => void;
}): Promise<GitHubApi> {
  const { settings, token, pages, artifacts, ghcr } = options;
  const { repository, owner = 'User', isPrivate = false, hasIssues = true, rules = [] } = settings;
  const send = (response: ServerResponse, status: number, body: string): true => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    return true;
  };

  async function answerMore(
    method: string,
    url: URL,
    body: string,
    response: ServerResponse,
  ): Promise<boolean> {
    const { pathname } = url;
    if (options.hasArtifactsApi() && artifacts.answerRest(method, url, response)) return true;
    if (!options.hasArtifactsApi() && /\/actions\/(artifacts|runs)\//.test(pathname))
      return send(response, 503, '{"message":"Service Unavailable"}');
    if (await pages.answerRest(method, url, body, response)) return true;
    if (/\/packages\/container\//.test(pathname)) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`http://${ghcr.host}${pathname}`, { method, headers });
      return send(response, answer.status, await answer.text());
    }
    if (method === 'GET' && pathname === `/repos/${repository}`) {
      const facts = { private: isPrivate, has_pages: pages.isOn, has_issues: hasIssues };
      return send(response, 200, JSON.stringify(repositoryAnswer(repository, facts, owner)));
    }
    const [, workflow] = /\/actions\/workflows\/([\w-]+)\.yml\/dispatches$/.exec(pathname) ?? [];
    if (method !== 'POST' || workflow === undefined) return false;
    const dispatch = Dispatch.parse(JSON.parse(body));
    // The stand-in for the API refuses it.
    if (refuseDispatch(`${workflow}.yml`, dispatch.inputs)) return false;
    options.onStart({ workflow, ...dispatch });
    response.writeHead(204).end();
    return true;
  }

  return startGitHubApi({
    repositoryDir: options.origin,
    repository,
    token,
    rules,
    permissionsOf,
    issuesOff: !hasIssues,
    more: answerMore,
  });
}
