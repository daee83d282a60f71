import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { servePages } from '../../scripts/start/pages-server.ts';
import type { GitHubApi } from '../world/github-api.ts';
import { startGitHubApi } from '../world/github-api.ts';
import { findTool, startRegistry } from '../world/registry.ts';
import type { Outcome } from '../world/spack.ts';
import { findSpacks, runProgram } from '../world/spack.ts';
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
  /** `host/path` of its registry. */
  registry: string;
  api: GitHubApi;
  /** Runs a workflow file from the branch's head; never throws for its result. */
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
  trees?: Record<string, unknown>;
  /** The one on PATH, or what one once answered; see `recorded-spack/`. */
  spack?: 'real' | 'recorded';
}): Promise<Rehearsal> {
  const { repository, settings, trees } = options;
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  const origin = join(folder, 'origin.git');
  makeOrigin(folder, origin, settings);
  mkdirSync(join(folder, 'pages'));
  const [spack] = findSpacks();
  const warm = join(PROJECT, '.work/spack-warm', spack?.version ?? 'none');
  if (existsSync(warm))
    cpSync(warm, join(folder, 'spack-warm'), { recursive: true, preserveTimestamps: true });
  const registryServer = await startRegistry();
  const registry = `${registryServer.host}/${repository.toLowerCase()}`;
  const [, name = ''] = repository.split('/');
  const pages = await servePages({ root: join(folder, 'pages'), base: `/${name}`, port: 0 });
  writeFileSync(join(folder, 'site-url'), pages.url);
  const api = await startGitHubApi({
    repositoryDir: origin,
    repository,
    token: TOKEN,
    ...(trees ? { trees } : {}),
  });
  let runs = 0;

  async function run(
    workflow: string,
    { name: event, inputs = {}, secrets = {}, vars = {}, env = {} }: RunEvent,
  ) {
    runs += 1;
    const id = String(1_000 + runs);
    const work = join(folder, `run-${id}`);
    execFileSync('git', ['clone', '--quiet', origin, work]);
    const eventFile = join(folder, `event-${id}.json`);
    const facts = { full_name: repository, private: false, fork: false, has_pages: true };
    // GitHub's own events have all inputs as text, too.
    const texts = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, String(value)]));
    writeFileSync(eventFile, JSON.stringify({ inputs: texts, repository: facts }));
    const given = {
      GITHUB_REPOSITORY: repository,
      GITHUB_REPOSITORY_ID: '4711',
      GITHUB_REPOSITORY_OWNER: repository.split('/')[0] ?? '',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_RUN_ID: id,
      GITHUB_API_URL: api.url,
      GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
      REHEARSAL: folder,
      // One machine stands for all runners: each run gets an install root of its own.
      INSTALL_ROOT: join(folder, `software-${id}`),
      REHEARSAL_PROJECT: PROJECT,
      ...env,
    };
    const args = [
      ...[event, '--workflows', `.github/workflows/${workflow}.yml`, '--eventpath', eventFile],
      ...['--no-skip-checkout', '--action-offline-mode', '--no-cache-server', '--use-gitignore=false'],
      ...['--action-cache-path', join(folder, `act-${id}`), '--platform', 'ubuntu-24.04=-self-hosted'],
      ...standIns(join(work, '.github')).flatMap(([uses, path]) => ['--local-repository', `${uses}=${path}`]),
      ...Object.entries(given).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      ...Object.entries({ GITHUB_TOKEN: TOKEN, ...secrets }).flatMap(([key, value]) => [
        '--secret',
        `${key}=${value}`,
      ]),
      ...Object.entries({ REGISTRY: registry, SITE_URL: pages.url, ...vars }).flatMap(([key, value]) => [
        '--var',
        `${key}=${value}`,
      ]),
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
        ...(process.env['SPACK_PYTHON'] ? { SPACK_PYTHON: process.env['SPACK_PYTHON'] } : {}),
      },
      work,
    );
    appendFileSync(join(folder, 'log.txt'), outcome.output);
    return outcome;
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

  return {
    folder,
    siteUrl: pages.url,
    registry,
    api,
    run,
    push,
    git: (...args) => execFileSync('git', ['-C', origin, ...args], { encoding: 'utf8' }),
    close: async () => {
      await api.close();
      await pages.close();
      await registryServer.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The files of this checkout that git knows or would take, with a catalog that is as empty as the template's. */
function makeOrigin(folder: string, origin: string, settings: string): void {
  const work = join(folder, 'first');
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  for (const file of listed.split('\0').filter((path) => path !== '' && !path.startsWith('site/content/'))) {
    cpSync(join(PROJECT, file), join(work, file), { recursive: true });
  }
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

/** What the last runs printed, for a failing rehearsal. */
export function readLog(folder: string): string {
  return readFileSync(join(folder, 'log.txt'), 'utf8');
}
