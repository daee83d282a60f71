import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { startArtifactService, type ArtifactService } from '../world/artifact-service.ts';
import { startGhcr, STORAGE_NAME, type Ghcr } from '../world/ghcr.ts';
import type { GitHubApi } from '../world/github-api.ts';
import { eventPayload } from '../world/github-events.ts';
import {
  cloneRepository,
  commitFiles,
  git as runGit,
  makeRecipes,
  makeRepository,
  writeFiles,
} from '../world/git.ts';
import { startHttpsProxy } from '../world/https-proxy.ts';
import { createPagesService, OWN_DOMAIN, PAGES_HOSTS, type PagesService } from '../world/pages-service.ts';
import { startRegistry } from '../world/registry.ts';
import type { Outcome } from '../world/run.ts';
import { findSpacks, linkRecipes } from '../world/spack.ts';
import { startServer } from '../world/start-server.ts';
import { copyProject } from '../world/template.ts';
import { runAct } from './act.ts';
import { permissionsOf, startRehearsedApi, type RepositorySettings } from './github.ts';
import { keepSucceeded } from './re-run.ts';
import { FEW_RECIPES } from './setting.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
/** Token that only the privileged jobs may see. */
export const TOKEN = 'a token that only the stand-in takes';

/** A repository with its workflows, as on GitHub, with stand-ins for all of GitHub's services. */
export interface Rehearsal {
  folder: string;
  /** Address of its deployed site on GitHub Pages, which only exists locally. */
  readonly siteUrl: string;
  /** Requests an address of GitHub Pages; does not follow redirects. */
  fetch(url: string): Promise<Response>;
  /** Variables that make programs use the local hosts of GitHub. */
  environment: Record<string, string>;
  /** GitHub Pages of the repository. */
  pages: PagesService;
  /** Uploads of all runs. */
  artifacts: ArtifactService;
  /** Whether GitHub's API lists artifacts; without it, it is down or refuses. */
  hasArtifactsApi: boolean;
  /** Its registry, `host/path`. */
  registry: string;
  /** The simulated ghcr.io in front of it. */
  ghcr: Ghcr;
  api: GitHubApi;
  /**
   * Runs a workflow file from the branch's head and, concurrently, the workflows that it dispatches, as
   * GitHub would; ends with the last of them. Never throws because of its result, which is a failure when one
   * of them fails.
   */
  run(workflow: string, event: RunEvent): Promise<Outcome & { id: string }>;
  /** Changes the repository's settings on GitHub. */
  change(settings: Partial<RepositorySettings>): Promise<void>;
  /** Pushes files to the branch, without starting any workflow. */
  push(files: Record<string, string>): void;
  /** Runs git in the repository itself. */
  git(...args: string[]): string;
  close(): Promise<void>;
}

export interface RunEvent {
  name: 'workflow_dispatch' | 'schedule' | 'push';
  inputs?: Record<string, string | boolean>;
  secrets?: Record<string, string>;
  vars?: Record<string, string>;
  env?: Record<string, string>;
  /**
   * Re-runs the run with this id, as a second or later attempt (default: a new run). With `isOfFailed`, only
   * "Re-run failed jobs".
   */
  attempt?: { run: string; number: number; isOfFailed?: boolean };
  /** Branch of the run. */
  branch?: string;
}

/**
 * Starts a rehearsal: a git repository with this checkout's files and an empty catalog, a real registry, a
 * server for the pages, and the stand-in for GitHub's API.
 * @param settings text of `.github/build-cache.yaml`
 */
export async function openRehearsal(
  options: RepositorySettings & {
    settings: string;
    /** With `variable` the owner has set REGISTRY; else the registry is ghcr.io, the default. */
    registry?: 'variable' | 'ghcr.io';
    /** Folders of the packages that spack-packages has. */
    packages?: string[];
    /** The Spack on PATH, or a recorded one; see `recorded-spack/`. */
    spack?: 'real' | 'recorded';
  },
): Promise<Rehearsal> {
  const { settings, packages = [], ...first } = options;
  let current: RepositorySettings = first;
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  const origin = join(folder, 'origin.git');
  makeOrigin(folder, origin, settings);
  const [spack] = findSpacks();
  const warm = join(PROJECT, '.work/spack-warm', spack?.version ?? 'none');
  const recipes = join(folder, 'recipes');
  const release = BuildCacheSettings.parse({}).packages;
  const list = makeRecipes(join(folder, 'spack-packages.git'), packages, release);
  const few = options.spack === 'recorded' ? undefined : FEW_RECIPES;
  if (spack && few) await linkRecipes(spack.program, join(recipes, 'repos'), few);
  else if (existsSync(warm))
    cpSync(warm, join(folder, 'spack-warm'), { recursive: true, preserveTimestamps: true });
  const registryServer = await startRegistry();
  const registry = `${registryServer.host}/${current.repository.toLowerCase()}`;
  const ghcr = await startGhcr(registryServer.host, {
    token: TOKEN,
    owner: () => current.repository.split('/')[0] ?? '',
    packagesOf: (job) => permissionsOf(job)['packages'],
  });
  const artifacts = await startArtifactService(join(folder, 'artifacts'));
  const pages = createPagesService({ folder, artifacts, site: () => current });
  const pagesServer = createServer(pages.answerSite);
  const { host: pagesHost } = new URL(await startServer(pagesServer));
  const hosts = {
    ...{ 'ghcr.io': ghcr.host, [STORAGE_NAME]: ghcr.storageHost },
    ...{ [PAGES_HOSTS]: pagesHost, [OWN_DOMAIN]: pagesHost },
  };
  const proxy = await startHttpsProxy(hosts, folder);
  const started: Promise<Outcome>[] = [];
  let runs = 0;
  /**
   * Commits at the start of each run: later attempts "use the same GITHUB_SHA (commit SHA) and GITHUB_REF
   * (git ref) of the original event" (GitHub's documentation, "Re-running workflows and jobs").
   */
  const commits = new Map<string, string>();
  /** Output of the last attempt of each run. */
  const logs = new Map<string, string>();
  /**
   * Settles when no started workflow runs: deployments wait for each other because of their `concurrency`.
   */
  let turn: Promise<unknown> = Promise.resolve();
  /** Inputs of runs started by a user, passed on to the runs that they start. */
  let handedDown: Pick<RunEvent, 'secrets' | 'vars' | 'env'> = {};

  async function run(workflow: string, event: RunEvent): Promise<Outcome & { id: string }> {
    const { secrets = {}, vars = {}, env = {} } = event;
    handedDown = { secrets, vars, env };
    const all = await runOne(workflow, event);
    for (let next = started.shift(); next; next = started.shift()) {
      const more = await next;
      all.code = all.code || more.code;
      for (const stream of ['output', 'stdout', 'stderr'] as const) all[stream] += more[stream];
    }
    return all;
  }

  async function runOne(
    workflow: string,
    { name: event, inputs = {}, secrets = {}, vars = {}, env = {}, attempt, branch = 'main' }: RunEvent,
  ) {
    runs += attempt ? 0 : 1;
    const { repository, isPrivate = false, owner = 'User' } = current;
    const { api } = rehearsal;
    const id = attempt?.run ?? String(1_000 + runs);
    const number = String(attempt?.number ?? 1);
    const work = join(folder, `run-${id}-${number}`);
    runGit('.', 'clone', '--quiet', '--branch', branch, origin, work);
    const commit = commits.get(id) ?? git('rev-parse', branch).trim();
    commits.set(id, commit);
    runGit(work, 'reset', '--quiet', '--hard', commit);
    if (attempt?.isOfFailed) keepSucceeded(work, logs.get(id) ?? '', attempt.number - 1);
    const eventFile = join(folder, `event-${id}.json`);
    const facts = { repository, owner, isPrivate, hasPages: pages.isOn };
    writeFileSync(eventFile, JSON.stringify(eventPayload(event, { ...facts, branch, inputs })));
    const outcome = await runAct({
      ...{ event, workflow, eventFile, work, folder, origin, repository },
      cache: join(folder, `act-${id}-${number}`),
      isRecorded: options.spack === 'recorded',
      secrets: { GITHUB_TOKEN: TOKEN, ...secrets },
      vars: { ...(options.registry === 'variable' ? { REGISTRY: registry } : {}), ...vars },
      environment: {
        GITHUB_REPOSITORY: repository,
        GITHUB_REPOSITORY_ID: '4711',
        GITHUB_REPOSITORY_OWNER: repository.split('/')[0] ?? '',
        GITHUB_REF: `refs/heads/${branch}`,
        GITHUB_REF_NAME: branch,
        GITHUB_RUN_ID: id,
        GITHUB_RUN_ATTEMPT: number,
        GITHUB_API_URL: api.url,
        GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
        // GitHub passes these only to actions, act to every step.
        ACTIONS_RESULTS_URL: artifacts.url,
        ACTIONS_RUNTIME_TOKEN: artifacts.token(id, number),
        ACTIONS_ID_TOKEN_REQUEST_URL: `${artifacts.url}oidc?`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'e30.e30.x',
        ...proxy.environment,
        ...(few ? { SPACK_PACKAGES_ROOT: recipes } : {}),
        SPACK_PACKAGES_GIT_URL: list,
        ...env,
      },
    });
    appendFileSync(join(folder, 'log.txt'), outcome.output);
    logs.set(id, outcome.output);
    return { ...outcome, id };
  }

  function push(files: Record<string, string>): void {
    const work = mkdtempSync(join(folder, 'push-'));
    cloneRepository(origin, work);
    commitFiles(work, files);
    runGit(work, 'push', '--quiet', 'origin', 'HEAD:main');
  }

  const git = (...args: string[]): string => runGit(origin, ...args);
  const startApi = (): Promise<GitHubApi> =>
    startRehearsedApi({
      ...{ origin, token: TOKEN, settings: current, pages, artifacts, ghcr },
      hasArtifactsApi: () => rehearsal.hasArtifactsApi,
      onStart: ({ workflow, ref, inputs }) => {
        const event = { ...handedDown, name: 'workflow_dispatch', inputs } as const;
        const outcome = turn.then(() =>
          runOne(workflow, { ...event, branch: ref.replace('refs/heads/', '') }),
        );
        turn = outcome.catch(() => undefined);
        started.push(outcome);
      },
    });

  async function change(more: Partial<RepositorySettings>): Promise<void> {
    current = { ...current, ...more };
    const { issues } = rehearsal.api;
    await rehearsal.api.close();
    rehearsal.api = await startApi();
    rehearsal.api.issues.push(...issues);
    if (current.isPrivate) writeFileSync(join(folder, 'private'), '');
    else rmSync(join(folder, 'private'), { force: true });
  }

  const rehearsal: Rehearsal = {
    folder,
    get siteUrl() {
      return pages.url;
    },
    fetch: (url) => askAt(pagesHost, url),
    environment: proxy.environment,
    pages,
    artifacts,
    hasArtifactsApi: true,
    registry,
    ghcr,
    api: await startApi(),
    run,
    change,
    push,
    git,
    close: async () => {
      await rehearsal.api.close();
      pagesServer.close();
      pagesServer.closeAllConnections();
      await artifacts.close();
      await proxy.close();
      await ghcr.stop();
      await registryServer.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  if (options.isPrivate) writeFileSync(join(folder, 'private'), '');
  return rehearsal;
}

/** Requests another host's address from a local server: `fetch` cannot set the Host header. */
async function askAt(server: string, url: string): Promise<Response> {
  const { host, pathname, search } = new URL(url);
  const request = get(`http://${server}${pathname}${search}`, { headers: { host } });
  const [answer]: IncomingMessage[] = await once(request, 'response');
  if (!answer) throw new Error(`${url}: no answer`);
  const { statusCode: status = 0, headers } = answer;
  const lines = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Response(await buffer(answer), { status, headers: lines });
}

/**
 * Creates a repository with the files of this checkout that git tracks or would add, and an empty catalog.
 */
function makeOrigin(folder: string, origin: string, settings: string): void {
  const work = join(folder, 'first');
  copyProject(work, (path) => !path.startsWith('site/content/'));
  makeRepository(work);
  writeFiles(work, { 'site/content/.gitkeep': '', '.github/build-cache.yaml': settings });
  runGit(work, 'add', '--all', '--force', '.');
  commitFiles(work);
  runGit('.', 'clone', '--quiet', '--bare', work, origin);
  // GitHub allows fetching a commit by its hash.
  runGit(origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
}
