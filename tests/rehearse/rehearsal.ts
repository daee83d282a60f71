import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import { servePages } from '../../scripts/start/pages-server.ts';
import { startArtifactService, type ArtifactService } from '../world/artifact-service.ts';
import { startGhcr, STORAGE_NAME } from '../world/ghcr.ts';
import { startGitHubApi, type GitHubApi } from '../world/github-api.ts';
import { eventPayload } from '../world/github-events.ts';
import { repositoryAnswer } from '../world/github-rest.ts';
import { startHttpsProxy } from '../world/https-proxy.ts';
import { createPagesService, type PagesService } from '../world/pages-service.ts';
import { findTool, startRegistry } from '../world/registry.ts';
import { runProgram, type Outcome } from '../world/run.ts';
import { findSpacks } from '../world/spack.ts';
import { copyProject } from '../world/template.ts';
import { Dispatch, refuseDispatch } from '../world/workflow-dispatch.ts';
import { findProgram, TOOLS_BIN } from '../tools/path.ts';
import { standIns } from './stand-ins.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
/** Only the privileged jobs may see it. */
export const TOKEN = 'a token that only the stand-in takes';

/** One repository with its workflows, as its owner has it on GitHub: everything that GitHub is stands beside it. */
export interface Rehearsal {
  folder: string;
  /** Where its site is served, once it is deployed. */
  siteUrl: string;
  /** GitHub Pages of the repository. */
  pages: PagesService;
  /** Everything that runs have uploaded. */
  artifacts: ArtifactService;
  /** Whether GitHub's API tells of artifacts: it may be down, or refuse. */
  hasArtifactsApi: boolean;
  /** `host/path` of its registry. */
  registry: string;
  api: GitHubApi;
  /**
   * Runs a workflow file from the branch's head and then what it has started with `workflow_dispatch`, as GitHub would;
   * never throws for its result, which is a failure when one of them fails.
   */
  run(workflow: string, event: RunEvent): Promise<Outcome>;
  /** Puts files on the branch, as the owner's push would; no workflow is started by it. */
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
  /** A re-run of the run with this id, as its second or a later attempt; absent: a new run. */
  attempt?: { run: string; number: number };
  /** The branch that the run is for. */
  branch?: string;
}

/**
 * Starts a rehearsal: a git repository of this checkout's own files with an empty catalog, a real registry, a server
 * for the pages, and the stand-in of GitHub's API.
 * @param settings text of `.github/build-cache.yaml`
 */
export async function openRehearsal(options: {
  /** Owner and name, as GitHub writes them. */
  repository: string;
  settings: string;
  /** `variable`: the owner has set REGISTRY; else the registry is ghcr.io, as for everybody. */
  registry?: 'variable' | 'ghcr.io';
  isPrivate?: boolean;
  trees?: Record<string, unknown>;
  /** The one on PATH, or what one once answered; see `recorded-spack/`. */
  spack?: 'real' | 'recorded';
}): Promise<Rehearsal> {
  const { repository, settings, trees } = options;
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  const origin = join(folder, 'origin.git');
  makeOrigin(folder, origin, settings);
  const [spack] = findSpacks();
  const warm = join(PROJECT, '.work/spack-warm', spack?.version ?? 'none');
  if (existsSync(warm))
    cpSync(warm, join(folder, 'spack-warm'), { recursive: true, preserveTimestamps: true });
  const registryServer = await startRegistry();
  const registry = `${registryServer.host}/${repository.toLowerCase()}`;
  const [, name = ''] = repository.split('/');
  mkdirSync(join(folder, 'pages'));
  const base = /\.github\.io$/i.test(name) ? '' : `/${name}`;
  const server = await servePages({ root: join(folder, 'pages'), base, port: 0 });
  const ghcr = await startGhcr(registryServer.host, { token: TOKEN });
  const hosts = { 'ghcr.io': ghcr.host, [STORAGE_NAME]: ghcr.storageHost };
  const proxy = await startHttpsProxy(hosts, folder);
  const artifacts = await startArtifactService(join(folder, 'artifacts'));
  const pages = createPagesService({ url: server.url, folder, artifacts });
  const started: ({ workflow: string } & z.infer<typeof Dispatch>)[] = [];
  if (options.isPrivate) writeFileSync(join(folder, 'private'), '');
  const api = await startGitHubApi({
    repositoryDir: origin,
    repository,
    token: TOKEN,
    ...(trees ? { trees } : {}),
    more: answerMore,
  });
  let runs = 0;
  /** Ends when no started workflow runs: deployments wait for each other, as their `concurrency` says. */
  let turn: Promise<unknown> = Promise.resolve();

  async function answerMore(
    method: string,
    url: URL,
    body: string,
    response: ServerResponse,
  ): Promise<boolean> {
    if (rehearsal.hasArtifactsApi && artifacts.answerRest(method, url, response)) return true;
    if (!rehearsal.hasArtifactsApi && /\/actions\/(artifacts|runs)\//.test(url.pathname)) {
      response
        .writeHead(503, { 'content-type': 'application/json' })
        .end('{"message":"Service Unavailable"}');
      return true;
    }
    if (await pages.answerRest(method, url, body, response)) return true;
    if (/\/packages\/container\//.test(url.pathname)) {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const answer = await fetch(`http://${ghcr.host}${url.pathname}`, { method, headers });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      return true;
    }
    if (method === 'GET' && url.pathname === `/repos/${repository}`) {
      const facts = { private: options.isPrivate ?? false, has_pages: pages.isOn };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(repositoryAnswer(repository, facts)));
      return true;
    }
    const [, workflow] = /\/actions\/workflows\/([\w-]+)\.yml\/dispatches$/.exec(url.pathname) ?? [];
    if (method !== 'POST' || workflow === undefined) return false;
    const dispatch = Dispatch.parse(JSON.parse(body));
    // The stand-in of the API refuses it.
    if (refuseDispatch(`${workflow}.yml`, dispatch.inputs)) return false;
    started.push({ workflow, ...dispatch });
    response.writeHead(204).end();
    return true;
  }

  async function run(workflow: string, event: RunEvent): Promise<Outcome> {
    const all = await runOne(workflow, event);
    const { secrets, vars, env } = event;
    for (let next = started.shift(); next; next = started.shift()) {
      const branch = next.ref.replace('refs/heads/', '');
      const { workflow: file, inputs } = next;
      const dispatch = { name: 'workflow_dispatch', inputs, secrets, vars, env, branch } as const;
      const inTurn = turn.then(() => runOne(file, JSON.parse(JSON.stringify(dispatch))));
      turn = inTurn.catch(() => undefined);
      const more = await inTurn;
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
    const id = attempt?.run ?? String(1_000 + runs);
    const number = String(attempt?.number ?? 1);
    const work = join(folder, `run-${id}-${number}`);
    execFileSync('git', ['clone', '--quiet', '--branch', branch, origin, work]);
    const eventFile = join(folder, `event-${id}.json`);
    const facts = { repository, isPrivate: options.isPrivate ?? false, hasPages: pages.isOn };
    writeFileSync(eventFile, JSON.stringify(eventPayload(event, { ...facts, branch, inputs })));
    const cache = join(folder, `act-${id}-${number}`);
    const actions = standIns(join(work, '.github'));
    const given = {
      ...(actions.some(({ isReal }) => isReal) ? prepareForReal(cache) : {}),
      GITHUB_REPOSITORY: repository,
      GITHUB_REPOSITORY_ID: '4711',
      GITHUB_REPOSITORY_OWNER: repository.split('/')[0] ?? '',
      GITHUB_REF: `refs/heads/${branch}`,
      GITHUB_REF_NAME: branch,
      GITHUB_RUN_ID: id,
      GITHUB_RUN_ATTEMPT: number,
      GITHUB_API_URL: api.url,
      GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
      // GitHub gives these to actions alone, act to every step.
      ACTIONS_RESULTS_URL: artifacts.url,
      ACTIONS_RUNTIME_TOKEN: artifacts.token(id, number),
      REHEARSAL: folder,
      // One machine stands for all runners: each job gets an install root of its own there, from checkout.
      INSTALL_ROOTS: join(folder, 'software'),
      REHEARSAL_PROJECT: PROJECT,
      ...proxy.environment,
      ...env,
    };
    const args = [
      ...[event, '--workflows', `.github/workflows/${workflow}.yml`, '--eventpath', eventFile],
      ...['--no-skip-checkout', '--action-offline-mode', '--no-cache-server', '--use-gitignore=false'],
      ...['--action-cache-path', cache, '--platform', 'ubuntu-24.04=-self-hosted'],
      ...['--pull=false', '--container-daemon-socket', '-'],
      ...actions.flatMap(({ uses, path }) => ['--local-repository', `${uses}=${path}`]),
      ...Object.entries(given).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      ...Object.entries({ GITHUB_TOKEN: TOKEN, ...secrets }).flatMap(([key, value]) => [
        '--secret',
        `${key}=${value}`,
      ]),
      ...Object.entries({
        ...(options.registry === 'variable' ? { REGISTRY: registry } : {}),
        ...vars,
      }).flatMap(([key, value]) => ['--var', `${key}=${value}`]),
    ];
    const path = [
      ...(options.spack === 'recorded' ? [join(import.meta.dirname, 'recorded-spack/bin')] : []),
      join(PROJECT, 'tests/rehearse/bin'),
      join(PROJECT, 'node_modules/.bin'),
      dirname(findTool('oras')),
      TOOLS_BIN,
      process.env['PATH'],
    ].join(delimiter);
    const home = join(folder, 'home');
    mkdirSync(home, { recursive: true });
    const outcome = await runProgram(
      findProgram('act') ?? 'act',
      args,
      {
        PATH: path,
        HOME: home,
        LC_ALL: 'C.UTF-8',
        ASTRO_TELEMETRY_DISABLED: '1',
        NODE_COMPILE_CACHE: join(PROJECT, '.work/compile-cache'),
        ...Object.fromEntries(
          ['SPACK_PYTHON', 'DOCKER_HOST'].flatMap((name) => {
            const value = process.env[name];
            return value ? [[name, value]] : [];
          }),
        ),
      },
      work,
    );
    appendFileSync(join(folder, 'log.txt'), outcome.output);
    return outcome;
  }

  /**
   * What the real actions need of a runner: Node in its cache of tools, as GitHub's images have it, and the repository
   * where they look for it.
   * @returns variables for its jobs
   */
  function prepareForReal(cache: string): Record<string, string> {
    const version = process.versions.node;
    const tool = join(cache, 'tool_cache/node', version, process.arch);
    mkdirSync(join(tool, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(tool, 'bin/node'));
    writeFileSync(`${tool}.complete`, '');
    return {
      INSTALL_ROOT: join(cache, 'software'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.file://${origin}.insteadOf`,
      GIT_CONFIG_VALUE_0: `https://github.com/${repository}`,
    };
  }

  function push(files: Record<string, string>): void {
    const work = mkdtempSync(join(folder, 'push-'));
    execFileSync('git', ['clone', '--quiet', origin, work]);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, file)), { recursive: true });
      writeFileSync(join(work, file), text);
    }
    commitAll(work, 'the owner was here');
    execFileSync('git', ['-C', work, 'push', '--quiet', 'origin', 'HEAD:main']);
  }

  const rehearsal: Rehearsal = {
    folder,
    siteUrl: server.url,
    pages,
    artifacts,
    hasArtifactsApi: true,
    registry,
    api,
    run,
    push,
    git: (...args) => execFileSync('git', ['-C', origin, ...args], { encoding: 'utf8' }),
    close: async () => {
      await api.close();
      await server.close();
      await artifacts.close();
      await proxy.close();
      await ghcr.stop();
      await registryServer.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return rehearsal;
}

/** The files of this checkout that git knows or would take, with a catalog that is as empty as the template's. */
function makeOrigin(folder: string, origin: string, settings: string): void {
  const work = join(folder, 'first');
  copyProject(work, (path) => !path.startsWith('site/content/'));
  mkdirSync(join(work, 'site/content'), { recursive: true });
  writeFileSync(join(work, 'site/content/.gitkeep'), '');
  writeFileSync(join(work, '.github/build-cache.yaml'), settings);
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', work]);
  commitAll(work, 'Initial commit');
  execFileSync('git', ['clone', '--quiet', '--bare', work, origin]);
  // GitHub lets a commit be fetched by its name.
  execFileSync('git', ['-C', origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true']);
}

function commitAll(work: string, message: string): void {
  const who = ['-c', 'user.name=Owner', '-c', 'user.email=owner@example.org', '-c', 'commit.gpgsign=false'];
  execFileSync('git', ['-C', work, 'add', '--all', '--force', '.']);
  execFileSync('git', ['-C', work, ...who, 'commit', '--quiet', '--message', message]);
}
