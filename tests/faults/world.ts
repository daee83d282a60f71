import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { servePages } from '../../scripts/start/pages-server.ts';
import { makeKey } from '../../scripts/signing/key.ts';
import { Matrix } from '../../site/schemas/build-request.ts';
import { startArtifactService } from '../world/artifact-service.ts';
import { writeBuiltJob, writeTaker } from '../world/built-job.ts';
import { startFaultyProxy } from '../world/faulty-proxy.ts';
import { startGitServer } from '../world/git-server.ts';
import { makeRecipes } from '../world/git.ts';
import { startGhcr } from '../world/ghcr.ts';
import { startGitHubApi } from '../world/github-api.ts';
import { startRegistry } from '../world/registry.ts';
import { REQUEST_FAULTS, type Fault } from './faults.ts';
import { countNames, nameOf, type Named } from './names.ts';
import { digestsOf, readFolder, restoreFolder } from './kept-folder.ts';
import { makeOrigin, treeOf, zipOf } from './repository.ts';
import type { JobName, JobProgress, JobStep, Surroundings } from './jobs.ts';
import { readWorkflowJob } from './workflow-jobs.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'process.ts')).href;
/** Cache that is imported. */
const SOURCE = join(PROJECT, 'tests/fixtures/cache-unsigned');
const RECORDED_SPACK = join(PROJECT, 'tests/rehearse/recorded-spack/bin/spack');
const REPOSITORY = 'owner/repo';
const TOKEN = 'token of the run';
/** Factor by which waits of scripts are shortened: a minute takes a second. */
const TIME_SCALE = 60;
/** Packages of the sample cache that the first and the second run build. */
const RUNS = [['gcc-runtime'], ['gcc-runtime', 'lz4']] as const;

/** Result of a step. */
export interface StepResult {
  /** Whether it succeeded or was skipped. */
  isGreen: boolean;
  isKilled: boolean;
  /** Whether it reached the fault. */
  isHit: boolean;
  /** Output of its script. */
  output: string;
  /** Requests to GitHub, its registry, its storage and the site. */
  requests: Named[];
  writes: Named[];
}

/** A repository on GitHub with its registry and site. Its jobs run as real scripts in real processes. */
export interface World {
  /** Checks out the repository for a job, whose steps follow. */
  begin(job: JobName, options?: { attempt?: number; committed?: string }): void;
  /** Runs the next step of the job if its condition holds. */
  step(step: JobStep, fault?: Fault): Promise<StepResult>;
  progress(): JobProgress;
  /** Whether the job has committed to the branch. */
  hasCommitted(): boolean;
  /**
   * All persistent state: the files of the branch, the content of the registry, the site, started workflows.
   */
  state(): Promise<WorldState>;
  /** Digest of the state and of everything that the rest of the job depends on. */
  point(): Promise<string>;
  /** Digest of the state that the next job depends on, without files on this job's runner. */
  outside(): Promise<string>;
  /** Saves the whole state; the result restores it. */
  save(): () => void;
  /** Sets number and day of the next runs. */
  at(run: { number: 0 | 1; date: number }): void;
  close(): Promise<void>;
}

export interface WorldState {
  tree: string;
  /** Digests, keyed by path. */
  registry: Record<string, string>;
  versions: string[];
  site: Record<string, string>;
  /** Artifacts passed between jobs. */
  uploads: Record<string, string>;
  started: string[];
  issues: string[];
}

/** Opens a world without any builds. */
export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const key = await makeKey({ name: 'Owner', date: new Date('2025-01-01T00:00:00Z') });
  const origin = makeOrigin(folder, key);
  const registry = await startRegistry();
  const pages = join(folder, 'pages');
  mkdirSync(pages);
  const gitServer = await startGitServer(origin);
  const packages = ['tree', 'lz4', 'zlib', 'trial_none'];
  const recipes = makeRecipes(join(folder, 'spack-packages.git'), packages, 'v2025.11.0');
  const site = await servePages({ root: pages, base: '/repo', port: 0 });
  const source = await servePages({ root: SOURCE, base: '/mirror', port: 0 });
  const [work, uploads] = [join(folder, 'checkout'), join(folder, 'uploads')];
  for (const each of [uploads, join(folder, 'bin'), join(folder, 'tmp')]) mkdirSync(each);
  // Its writes do not count as those of the scripts.
  const spack = `#!/bin/sh\nNODE_OPTIONS= exec '${RECORDED_SPACK}' "$@"\n`;
  writeFileSync(join(folder, 'bin/spack'), spack, { mode: 0o755 });
  /** Called for every request; returns its outcome. */
  let meet: Meeting = () => false;
  const front = (of: string) => (host: string) =>
    startFaultyProxy(host, (incoming, outgoing) => meet(of, incoming, outgoing));
  const ghcr = await startGhcr(registry.host, {
    ...{ token: TOKEN, owner: () => 'owner' },
    frontStorage: front('storage'),
  });
  const ghcrFront = await front('ghcr')(ghcr.host);
  const gitFront = await front('git')(gitServer.host);
  const siteFront = await front('site')(new URL(site.url).host);
  const siteUrl = `http://${siteFront.host}/repo`;
  const sourceFront = await front('source')(new URL(source.url).host);
  const artifacts = await startArtifactService(join(folder, 'artifacts'), front('artifacts'));
  let now: { number: 0 | 1; date: number } = { number: 0, date: 1_763_900_000 };
  let progress: JobProgress & { treeBefore: string } = { ...newProgress('choose'), treeBefore: '' };
  const api = await startGitHubApi({
    // A token has the permissions that the workflow grants its job.
    get permissions() {
      return readWorkflowJob(progress.job).permissions;
    },
    repositoryDir: origin,
    repository: REPOSITORY,
    token: TOKEN,
    pagesUrl: siteUrl,
    more: async (method, url, body, response) => {
      if (artifacts.answerRest(method, url, response)) return true;
      if (!/^\/(users|orgs)\//.test(url.pathname)) return false;
      forward(`http://${ghcr.host}${url.pathname}${url.search}`, method, body, response);
      return true;
    },
  });
  const apiFront = await front('api')(new URL(api.url).host);
  const matrices = await Promise.all(
    RUNS.map(async (packages, number) => {
      const built = join(folder, `built-${number}`);
      const matrix = writeBuiltJob(built, packages, 6);
      const waves = addWave(join(built, 'plans'), matrix);
      const handed = { 'build-0-1': join(built, 'artifacts/build-0-1'), 'plans-1': join(built, 'plans') };
      for (const [name, directory] of Object.entries(handed)) {
        const zip = join(folder, `${name}-${number}.zip`);
        writeFileSync(zip, await zipOf(directory));
        const digest = `sha256:${createHash('sha256').update(readFileSync(zip)).digest('hex')}`;
        artifacts.artifacts.push({
          ...{ id: artifacts.artifacts.length + 1, name, run: String(1001 + number), attempt: '1' },
          ...{ contentType: 'application/zip', isFinal: true, days: 7, isExpired: false, digest, file: zip },
        });
      }
      return { matrix, waves };
    }),
  );
  const files = Object.fromEntries(
    ['writes', 'output', 'summary', 'env', 'full'].map((name) => [name, join(work, `.run-${name}`)]),
  ) as Record<'writes' | 'output' | 'summary' | 'env' | 'full', string>;

  function environment(): Record<string, string> {
    const run = String(1001 + now.number);
    return {
      PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
      HOME: folder,
      TMPDIR: join(folder, 'tmp'),
      DOCKER_CONFIG: join(work, 'docker'),
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
      NODE_OPTIONS: `--import=${PRELOAD}`,
      TIME_SCALE: String(TIME_SCALE),
      CHECKOUT: work,
      WRITES_FILE: files.writes,
      FULL_DISK_FILE: files.full,
      SOURCE_DATE_EPOCH: String(now.date),
      ACTIONS_RESULTS_URL: artifacts.url,
      ACTIONS_RUNTIME_TOKEN: artifacts.token(run, String(progress.attempt)),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTOR: 'owner',
      GITHUB_ENV: files.env,
      GITHUB_OUTPUT: files.output,
      GITHUB_STEP_SUMMARY: files.summary,
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_REPOSITORY_ID: '4711',
      GITHUB_REF_NAME: 'main',
      GITHUB_RUN_ID: run,
      GITHUB_RUN_ATTEMPT: String(progress.attempt),
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_API_URL: `http://${apiFront.host}`,
      GITHUB_GRAPHQL_URL: `http://${apiFront.host}/graphql`,
      GITHUB_REGISTRIES: ghcrFront.host,
      REGISTRY: `http://${ghcrFront.host}/${REPOSITORY}`,
      SITE_URL: siteUrl,
      CATALOG_DIR: 'site/content',
      SIGNING_KEY: key.privateKey,
      PRIVATE: 'false',
      SPACK_VERSION: 'v1.1.0',
      PACKAGES_VERSION: 'v2025.11.0',
      SPACK_PACKAGES_GIT_URL: recipes,
      SPACK_INSTALLED: 'true',
      OWN_PACKAGES: join(PROJECT, 'tests/fixtures/recipes'),
      // The runner passes these to the later steps of a job.
      ...Object.fromEntries(
        [...readFileSync(files.env, 'utf8').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [
          name,
          value,
        ]),
      ),
    };
  }

  function begin(job: JobName, { attempt = 1, committed = '' } = {}): void {
    // A new runner.
    for (const each of [work, join(folder, 'tmp')]) rmSync(each, { recursive: true, force: true });
    mkdirSync(join(folder, 'tmp'));
    execFileSync('git', ['clone', '-q', origin, work]);
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', work, ...args], { encoding: 'utf8' });
    git('remote', 'set-url', 'origin', `http://${gitFront.host}/origin.git`);
    // Another run has published since this one checked out its commit.
    if (job === 'publish' && git('rev-list', '--count', 'HEAD') !== '1\n')
      git('reset', '-q', '--hard', 'HEAD~1');
    for (const file of [files.output, files.summary, files.env]) writeFileSync(file, '');
    progress = { ...newProgress(job), attempt, committed, treeBefore: treeOf(origin) };
  }

  /** Runs a step. Thrown errors are not faults of the script: a step finds the files of its job. */
  async function step(next: JobStep, fault?: Fault): Promise<StepResult> {
    const result: StepResult = {
      ...{ isGreen: true, isKilled: false, isHit: false, output: '', requests: [], writes: [] },
    };
    const isWanted = next.when ? next.when(progress) : progress.isGreen;
    if (progress.isLost || !isWanted) return result;
    const plans = join(folder, `built-${now.number}/plans`);
    const { matrix, waves } = matrices[now.number] ?? { matrix: '', waves: '' };
    const around: Surroundings = {
      ...{ work, uploads, pages, plans, matrix, waves, progress },
      source: `http://${sourceFront.host}/mirror`,
    };
    next.before?.(around);
    writeFileSync(files.writes, '');
    const args = next.args?.(around) ?? [];
    const { steps } = readWorkflowJob(progress.job);
    const hasToken = steps.some(({ script, hasToken: has }) => has && script === next.script);
    const child = spawn(process.execPath, [join(PROJECT, next.script), ...args], {
      cwd: work,
      env: {
        ...environment(),
        ...(hasToken ? { GITHUB_TOKEN: TOKEN } : {}),
        ...next.env?.(around),
        ...(fault && 'write' in fault ? { WRITE_FAULT: JSON.stringify(fault) } : {}),
        ...(fault && 'request' in fault && fault.request === 'no answer at all' ? { IS_SILENT: 'true' } : {}),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A separate process group, so that its children end with it.
      detached: true,
    });
    const names: string[] = [];
    const traits: Pick<Named, 'status' | 'client'>[] = [];
    meet = (of, incoming, outgoing) => {
      const place = names.push(`${of} ${incoming.method} ${nameOf(incoming.url ?? '')}`) - 1;
      const client = incoming.headers['user-agent'];
      outgoing.once('close', () => (traits[place] = { status: outgoing.statusCode, client }));
      const at = countNames(names).at(-1);
      if (!fault || !('request' in fault) || result.isHit) return false;
      if (at?.name !== fault.at.name || at.occurrence !== fault.at.occurrence) return false;
      result.isHit = true;
      if (fault.request !== 'kill') return REQUEST_FAULTS[fault.request](incoming, outgoing);
      // The whole runner is lost.
      progress.isLost = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      incoming.socket.destroy();
      return true;
    };
    result.output = `$ ${relative(PROJECT, next.script)} ${args.join(' ')}\n`;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (result.output += text));
    const code = await new Promise<number | null>((done) => child.once('close', done));
    meet = () => false;
    result.isGreen = code === 0;
    result.isKilled = code === null;
    result.requests = countNames(names).map((each, place) => ({ ...each, ...traits[place] }));
    result.writes = countNames(readFileSync(files.writes, 'utf8').split('\n').slice(0, -1));
    result.isHit ||= existsSync(`${files.writes}.met`);
    rmSync(`${files.writes}.met`, { force: true });
    progress.isGreen &&= result.isGreen;
    progress.isCutOff ||= result.isKilled;
    // The attempt is not part of the choice.
    progress.outputs = readOutputs(files.output);
    delete progress.outputs['run'];
    if (result.isGreen) next.after?.(around);
    if (!progress.isLost) next.always?.(around);
    return result;
  }

  const kept = { origin, pages, uploads, work, registry: join(registry.repositories, REPOSITORY) };
  async function state(): Promise<WorldState> {
    return {
      tree: treeOf(origin),
      // Unfinished uploads do not count as content.
      registry: Object.fromEntries(
        Object.entries(digestsOf(readFolder(kept.registry))).filter(
          ([path]) => !path.startsWith('_uploads/'),
        ),
      ),
      // An index that was replaced and not deleted has no tag, and is harmless.
      versions: (await ghcr.versions(REPOSITORY))
        .filter(({ tags }) => tags.length > 0)
        .map(({ digest, tags }) => `${digest} ${tags.join(' ')}`)
        .sort(),
      site: digestsOf(readFolder(pages)),
      uploads: digestsOf(readFolder(uploads)),
      started: [...new Set(api.dispatches)],
      issues: api.issues.map(({ title, state: is, labels }) => `${title}: ${is}, ${labels.join(' ')}`),
    };
  }
  const outside = async () => [await state(), await ghcr.versions(REPOSITORY), api.dispatches];
  return {
    begin,
    step,
    progress: () => structuredClone(progress),
    hasCommitted: () => treeOf(origin) !== progress.treeBefore,
    at: (run) => void (now = run),
    state,
    point: async () => {
      const checkout = Object.entries(digestsOf(readFolder(work))).filter(
        ([path]) => !/^\.git\/|^\.run-(?!full)/.test(path),
      );
      const head = execFileSync('git', ['-C', work, 'rev-parse', 'HEAD^{tree}'], { encoding: 'utf8' });
      const env = readFileSync(files.env, 'utf8');
      return digestOf([await outside(), checkout, head, env, progress]);
    },
    outside: async () => digestOf(await outside()),
    save: () => {
      const folders = Object.values(kept).map((path) => ({ path, content: readFolder(path) }));
      const restoreGhcr = ghcr.save();
      const [started, issues, far, run] = structuredClone([api.dispatches, api.issues, progress, now]);
      return () => {
        for (const { path, content } of folders) restoreFolder(path, content);
        restoreGhcr();
        api.dispatches.splice(0, Infinity, ...started);
        api.issues.splice(0, Infinity, ...structuredClone(issues));
        progress = structuredClone(far);
        now = run;
      };
    },
    close: async () => {
      for (const server of [apiFront, ghcrFront, siteFront, sourceFront, gitFront, gitServer, ghcr])
        await server.stop();
      await Promise.all([api.close(), artifacts.close(), site.close(), source.close()]);
      await registry.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Plans a job that uses all builds of the first one. */
function addWave(plans: string, matrix: string): string {
  const { include } = Matrix.parse(JSON.parse(matrix));
  const [first] = include;
  if (!first) throw new Error('expected a job');
  const earlier = readFileSync(join(plans, '0/plan.txt'), 'utf8').trim().split('\n');
  return JSON.stringify({ include: [first, writeTaker(plans, first, { index: 1, wave: 1, earlier })] });
}

function digestOf(data: unknown): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('hex');
}

type Meeting = (of: string, incoming: IncomingMessage, outgoing: ServerResponse) => boolean | 'lose' | 'cut';

function newProgress(job: JobName): JobProgress {
  return { job, attempt: 1, committed: '', isGreen: true, isLost: false, isCutOff: false, outputs: {} };
}

/** Reads values from a file for `GITHUB_OUTPUT` as GitHub does; the last one of a name counts. */
function readOutputs(file: string): Record<string, string> {
  const text = readFileSync(file, 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)<<(\S+)\n([^]*?)\n\2$/gm)].map(([, name = '', , value = '']) => [name, value]),
  );
}

/** Forwards a request to another server. */
function forward(url: string, method: string, body: string, response: ServerResponse): void {
  const onward = request(url, { method, headers: { authorization: `Bearer ${TOKEN}` } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  onward.end(body);
}
