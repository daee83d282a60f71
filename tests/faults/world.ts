import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { servePages } from '../../scripts/start/pages-server.ts';
import type { KeyPair } from '../../scripts/signing/key.ts';
import { makeKey } from '../../scripts/signing/key.ts';
import { readState } from '../e2e/folder-state.ts';
import { startArtifactService } from '../world/artifact-service.ts';
import { writeBuiltJob } from '../world/built-job.ts';
import { startFaultyProxy } from '../world/faulty-proxy.ts';
import { startGhcr } from '../world/ghcr.ts';
import { startGitHubApi } from '../world/github-api.ts';
import { startRegistry } from '../world/registry.ts';
import type { Fault } from './faults.ts';
import { REQUEST_FAULTS } from './faults.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'process.ts')).href;
const REPOSITORY = 'owner/repo';
const TOKEN = 'token of the run';
/** By so much waits of scripts are shorter: a minute is six seconds. */
const TIME_SCALE = 10;
/** Packages of the sample cache that the first run and the second one build. */
const RUNS = [['gcc-runtime'], ['gcc-runtime', 'lz4']] as const;
const EXCLUDED = 'trial-none';

/** What a job left. */
export interface JobResult {
  isGreen: boolean;
  /** Whether a script of it was killed. */
  isKilled: boolean;
  outputs: Record<string, string>;
  /** What its scripts printed. */
  output: string;
  /** Requests to GitHub, its registry, their storage and the site. */
  requests: number;
  writes: number;
  /** Whether it has moved the branch. */
  hasCommitted: boolean;
}

export interface JobOptions {
  fault?: Fault;
  /** A re-run counts up. */
  attempt?: number;
  /** COMMITTED of the job before. */
  committed?: string;
}

export type Job = 'choose' | 'publish' | 'start' | 'deploy' | 'prune';

/** A repository on GitHub with its registry and site, whose jobs run as real scripts in real processes. */
export interface World {
  run(job: Job, options?: JobOptions): Promise<JobResult>;
  /** Everything that is kept somewhere: the branch's files, the registry's content, the site, what was started. */
  state(): Promise<unknown>;
  /** Remembers all of that; the result brings it back. */
  save(): () => void;
  /** The next runs are those of this number and day. */
  at(run: { number: 0 | 1; date: number }): void;
  close(): Promise<void>;
}

/** Opens one in which nothing was built yet. */
export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const key = await makeKey({ name: 'Owner', date: new Date('2025-01-01T00:00:00Z') });
  const origin = makeOrigin(folder, key);
  const registry = await startRegistry();
  const pages = join(folder, 'pages');
  mkdirSync(pages);
  const site = await servePages({ root: pages, base: '/repo', port: 0 });
  /** Called for each request of whatever kind; what it returns becomes of it. */
  let meet: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean | 'lose' = () => false;
  const front = (host: string) => startFaultyProxy(host, (incoming, outgoing) => meet(incoming, outgoing));
  const ghcr = await startGhcr(registry.host, { token: TOKEN, frontStorage: front });
  const ghcrFront = await front(ghcr.host);
  const siteFront = await front(new URL(site.url).host);
  const siteUrl = `http://${siteFront.host}/repo`;
  const artifacts = await startArtifactService(join(folder, 'artifacts'), front);
  const api = await startGitHubApi({
    repositoryDir: origin,
    repository: REPOSITORY,
    token: TOKEN,
    pagesUrl: siteUrl,
    trees: {
      'spack/spack-packages': {
        tree: ['tree', 'lz4', 'zlib', 'trial_none'].map((path) => ({ path, type: 'tree' })),
        truncated: false,
      },
    },
    more: async (method, url, body, response) => {
      if (artifacts.answerRest(method, url, response)) return true;
      if (!/^\/(users|orgs)\//.test(url.pathname)) return false;
      forward(`http://${ghcr.host}${url.pathname}${url.search}`, method, body, response);
      return true;
    },
  });
  const apiFront = await front(new URL(api.url).host);
  const matrices = await Promise.all(
    RUNS.map(async (packages, number) => {
      const work = join(folder, `built-${number}`);
      const matrix = writeBuiltJob(work, packages, 6);
      const zip = join(folder, `built-${number}.zip`);
      writeFileSync(zip, await zipOf(join(work, 'artifacts/build-0-1')));
      const digest = `sha256:${createHash('sha256').update(readFileSync(zip)).digest('hex')}`;
      artifacts.artifacts.push({
        ...{ id: number + 1, name: 'build-0-1', run: String(1001 + number), attempt: '1', isFinal: true },
        ...{ contentType: 'application/zip', days: 7, isExpired: false, digest, file: zip },
      });
      return matrix;
    }),
  );
  let now: { number: 0 | 1; date: number } = { number: 0, date: 1_763_900_000 };
  let checkouts = 0;

  function environment(work: string, attempt: number): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      DOCKER_CONFIG: join(work, 'docker'),
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
      NODE_OPTIONS: `--import=${PRELOAD}`,
      TIME_SCALE: String(TIME_SCALE),
      SOURCE_DATE_EPOCH: String(now.date),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTOR: 'owner',
      GITHUB_TOKEN: TOKEN,
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_REPOSITORY_ID: '4711',
      GITHUB_REF_NAME: 'main',
      GITHUB_RUN_ID: String(1001 + now.number),
      GITHUB_RUN_ATTEMPT: String(attempt),
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
    };
  }

  async function run(job: Job, { fault, attempt = 1, committed = '' }: JobOptions = {}): Promise<JobResult> {
    const work = join(folder, `checkout-${(checkouts += 1)}`);
    execFileSync('git', ['clone', '-q', origin, work]);
    cpSync(join(folder, `built-${now.number}/plans`), join(work, 'plans'), { recursive: true });
    const env = environment(work, attempt);
    const files = { writes: join(work, 'writes.txt'), output: join(work, 'output.txt') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    Object.assign(env, { WRITES_FILE: files.writes, GITHUB_OUTPUT: files.output });
    if (fault && 'write' in fault) env['WRITE_FAULT'] = `${fault.write}:${fault.at}`;
    const result: JobResult = {
      isGreen: true,
      isKilled: false,
      outputs: {},
      output: '',
      requests: 0,
      writes: 0,
      hasCommitted: false,
    };
    const before = treeOf(origin);
    let child: ReturnType<typeof spawn> | undefined;
    meet = (incoming, outgoing) => {
      const number = result.requests;
      result.requests += 1;
      if (!fault || !('request' in fault) || number !== fault.at) return false;
      if (fault.request !== 'kill') return REQUEST_FAULTS[fault.request](incoming, outgoing);
      if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      incoming.socket.destroy();
      return true;
    };

    /** Runs a script as a step does. @returns whether it ended well */
    async function step(
      verb: string,
      args: string[] = [],
      more: Record<string, string> = {},
    ): Promise<boolean> {
      child = spawn(process.execPath, [join(PROJECT, `scripts/${verb}.ts`), ...args], {
        cwd: work,
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, so that its children end with it.
        detached: true,
      });
      result.output += `$ ${verb} ${args.join(' ')}\n`;
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => (result.output += text));
      const code = await new Promise<number | null>((done) => child?.once('close', done));
      if (code === null) result.isKilled = true;
      if (code !== 0) result.isGreen = false;
      result.outputs = readOutputs(files.output);
      return code === 0;
    }

    try {
      await JOBS[job](step, {
        work,
        matrix: matrices[now.number] ?? '',
        committed,
        outputs: () => result.outputs,
        serve: (dist) => serve(dist),
      });
    } finally {
      meet = () => false;
    }
    result.writes = statSync(files.writes).size;
    result.hasCommitted = treeOf(origin) !== before;
    rmSync(work, { recursive: true, force: true });
    return result;
  }

  function serve(dist: string): void {
    rmSync(pages, { recursive: true, force: true });
    cpSync(dist, pages, { recursive: true });
  }

  const kept = { origin, pages, registry: join(registry.repositories, REPOSITORY) };
  return {
    run,
    at: (run) => void (now = run),
    state: async () => ({
      tree: treeOf(origin),
      // What was begun and not ended is no content.
      registry: Object.fromEntries(
        Object.entries(await readState(kept.registry)).filter(([path]) => !path.startsWith('_uploads/')),
      ),
      // An index that was replaced and not deleted has no tag, and does no harm.
      versions: (await ghcr.versions(REPOSITORY))
        .filter(({ tags }) => tags.length > 0)
        .map(({ digest, tags }) => `${digest} ${tags.join(' ')}`)
        .sort(),
      site: await readState(pages),
      started: [...new Set(api.dispatches)],
    }),
    save: () => {
      const copy = mkdtempSync(join(folder, 'saved-'));
      for (const [name, path] of Object.entries(kept))
        if (existsSync(path)) cpSync(path, join(copy, name), { recursive: true });
      const restoreGhcr = ghcr.save();
      const started = [...api.dispatches];
      return () => {
        for (const [name, path] of Object.entries(kept)) {
          rmSync(path, { recursive: true, force: true });
          if (existsSync(join(copy, name))) cpSync(join(copy, name), path, { recursive: true });
        }
        restoreGhcr();
        api.dispatches.splice(0, Infinity, ...started);
      };
    },
    close: async () => {
      for (const server of [apiFront, ghcrFront, siteFront, ghcr]) await server.stop();
      await Promise.all([api.close(), artifacts.close(), site.close()]);
      await registry.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Step = (verb: string, args?: string[], more?: Record<string, string>) => Promise<boolean>;

interface JobFacts {
  work: string;
  matrix: string;
  committed: string;
  outputs(): Record<string, string>;
  serve(dist: string): void;
}

/** The steps of each job, under the conditions that the workflows have; tests/workflows holds those. */
const JOBS: Record<Job, (step: Step, facts: JobFacts) => Promise<void>> = {
  choose: async (step) => {
    if (await step('check-setup'))
      await step('choose', ['scheduled', '--count', '2', '--target', 'x86_64_v3']);
  },
  publish: async (step, { matrix, outputs }) => {
    if (!(await step('login'))) return;
    await step('receive', ['--plans', 'plans', '--matrix', matrix, '--subjects', 'subjects']);
    if (Number(outputs()['published'] ?? 0) > 0) await step('record-settings');
    if (outputs()['published']) await step('commit');
  },
  start: async (step, { committed }) => void (await step('start-deploy', [], { COMMITTED: committed })),
  deploy: async (step, { work, serve }) => {
    const dist = join(work, 'dist');
    mkdirSync(join(dist, 'api'), { recursive: true });
    // In place of the pages, which `astro build` makes without a request.
    const tree = execFileSync('git', ['-C', work, 'rev-parse', 'HEAD^{tree}'], { encoding: 'utf8' }).trim();
    writeFileSync(join(dist, 'index.html'), '<!doctype html>');
    writeFileSync(join(dist, 'api/index.json'), JSON.stringify({ version: 1, endpoints: [], commit: tree }));
    if (!(await step('login')) || !(await step('mirror')) || !(await step('sign-index'))) return;
    serve(dist);
    await step('check-live', ['--minutes', '0.5', '--every', '1']);
  },
  prune: async (step) => {
    if (!(await step('login'))) return;
    await step('prune', ['--apply']);
    await step('commit', ['--message', 'Prune']);
  },
};

function makeOrigin(folder: string, { fingerprint, publicKey }: KeyPair): string {
  const first = join(folder, 'first');
  mkdirSync(join(first, 'site/content/keys'), { recursive: true });
  writeFileSync(join(first, `site/content/keys/${fingerprint}.asc`), publicKey);
  mkdirSync(join(first, '.github'));
  writeFileSync(join(first, 'site/content/.gitkeep'), '');
  writeFileSync(
    join(first, '.gitignore'),
    '/dist\n/plans\n/docker\n/subjects\n/writes.txt\n/output.txt\n/.work\n',
  );
  writeFileSync(
    join(first, '.github/build-cache.yaml'),
    `targets:\n  - { name: x86_64_v3, runner: ubuntu-24.04 }\nexclude: [${EXCLUDED}]\nretention: { newest: 0, days: 30 }\n`,
  );
  execFileSync('git', ['init', '-q', '-b', 'main', first]);
  execFileSync('git', ['-C', first, 'add', '-A']);
  execFileSync('git', [
    '-C',
    first,
    '-c',
    'user.name=T',
    '-c',
    'user.email=t@t.example',
    'commit',
    '-qm',
    'first',
  ]);
  const origin = join(folder, 'origin.git');
  execFileSync('git', ['clone', '-q', '--bare', first, origin]);
  return origin;
}

function treeOf(origin: string): string {
  return execFileSync('git', ['-C', origin, 'rev-parse', 'main^{tree}'], { encoding: 'utf8' }).trim();
}

/** Values of a file that `GITHUB_OUTPUT` names, as GitHub reads it; the last of a name counts. */
function readOutputs(file: string): Record<string, string> {
  const text = readFileSync(file, 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)<<(\S+)\n([^]*?)\n\2$/gm)].map(([, name = '', , value = '']) => [name, value]),
  );
}

async function zipOf(directory: string): Promise<Buffer> {
  const zip = new ZipFile();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile())
      zip.addFile(file, relative(directory, file), { mtime: new Date('2026-01-01T00:00:00Z') });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** Passes a request on to another server. */
function forward(url: string, method: string, body: string, response: ServerResponse): void {
  const onward = request(url, { method, headers: { authorization: `Bearer ${TOKEN}` } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  onward.end(body);
}
