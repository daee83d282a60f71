import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { judgeSetup } from '../../scripts/check-setup/judge.ts';
import { readSetupFacts } from '../../scripts/check-setup/read-facts.ts';
import { describeError } from '../../scripts/cli/command.ts';
import { reportRepository } from '../../scripts/choose/report.ts';
import { readCache, chooseRegistry, siteUrlOf } from '../../scripts/commit/catalog-owner.ts';
import { readChanges } from '../../scripts/commit/changes.ts';
import { commitFiles } from '../../scripts/commit/commit-files.ts';
import { checkLive } from '../../scripts/deploy/live-site.ts';
import { startDeploy } from '../../scripts/deploy/start-deploy.ts';
import { openGitHub } from '../../scripts/github/api.ts';
import { askPagesUrl } from '../../scripts/github/repository.ts';
import { startGitHubApi, type GitHubApi } from '../world/github-api.ts';
import type { Fault } from '../world/github-refusals.ts';
import { pagesAnswer, repositoryAnswer } from '../world/github-rest.ts';
import { startServer } from '../world/start-server.ts';
import { pace } from '../../scripts/http/retry.ts';

pace.secondMs = 1;

/** Setup of a repository (default: a new copy of the template on the day Pages is enabled). */
export interface Setting {
  /** The repository, `owner/name`. */
  repository?: string;
  /** GitHub's id, which a renamed or transferred repository keeps. */
  id?: string;
  owner?: 'User' | 'Organization';
  isPrivate?: boolean;
  hasIssues?: boolean;
  pages?: 'on' | 'off' | 'from a branch';
  /** Custom domain of the site on GitHub Pages, if any. */
  domain?: string;
  /** Branch of the run; main is the default branch. */
  branch?: string;
  /** Ruleset rules for main. */
  rules?: string[];
  /** Fault of a commit. */
  fault?: Fault;
  /** The catalog's `cache.json`, which says who published it. */
  publishedBy?: { registry: string; repository: string; repositoryId: string };
  hasCommitToken?: boolean;
}

/** A repository on GitHub, with the output of its workflows' scripts. */
export interface Repository {
  setting: Setting;
  api: GitHubApi;
  /** Output of "Check the setup": lines such as `GitHub Pages: warning: it is …`. */
  checkSetup(): Promise<string>;
  /** Result of "Determine the addresses of registry and site": `<registry> <site>`. */
  places(): Promise<string>;
  /** Outputs of Choose about the repository, such as `publish=true private=false retention=7`. */
  choose(): Promise<string>;
  /** Output of "Commit" for one new file. */
  commit(): Promise<string>;
  /** Output of "Start the deployment". */
  startDeploy(committed: number): Promise<string>;
  /** Output of "Check that the site serves this deployment" for the branch's head. */
  checkLive(): Promise<string>;
  /** Serves the branch's head, like a deployment. */
  deploy(): void;
  close(): Promise<void>;
}

const TOKEN = 'token of the run';

/** Creates a repository with a commit of the template, and servers for its GitHub and its Pages. */
export async function openRepository(setting: Setting): Promise<Repository> {
  const { repository = 'Some-Owner/Cache', branch = 'main' } = setting;
  const folder = mkdtempSync(join(tmpdir(), 'repository-'));
  const origin = join(folder, 'origin.git');
  const work = join(folder, 'work');
  const catalog = join(work, 'site/content');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', work, '-c', 'user.name=O', '-c', 'user.email=o@example.org', ...args], {
      encoding: 'utf8',
    }).trim();
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', origin]);
  execFileSync('git', ['clone', '-q', origin, work], { stdio: 'ignore' });
  write('site/content/.gitkeep', '');
  if (setting.publishedBy) write('site/content/cache.json', JSON.stringify(setting.publishedBy));
  push();

  let served: string | undefined;
  const site = createServer((request, response) => {
    const isIndex = request.url?.split('?')[0]?.endsWith('/api/index.json');
    if (isIndex && served !== undefined) response.setHeader('content-type', 'application/json').end(served);
    else response.writeHead(404).end('no such page');
  });
  const siteUrl = await startServer(site);
  const api = await startGitHubApi({
    repositoryDir: origin,
    repository,
    token: TOKEN,
    issuesOff: setting.hasIssues === false,
    rules: setting.rules ?? [],
    more: (method, url, _body, response) => {
      const pages = {
        ...pagesAnswer(setting.domain ?? siteUrlOf({ GITHUB_REPOSITORY: repository })),
        build_type: setting.pages === 'from a branch' ? 'legacy' : 'workflow',
      };
      const own = {
        id: Number(setting.id ?? 4711),
        private: setting.isPrivate ?? false,
        has_pages: setting.pages !== 'off',
        has_issues: setting.hasIssues !== false,
      };
      const facts: Record<string, unknown> = {
        [`/repos/${repository}`]: repositoryAnswer(repository, own, setting.owner),
        [`/repos/${repository}/pages`]: setting.pages !== 'off' && pages,
      };
      const answer = method === 'GET' ? facts[url.pathname] : undefined;
      if (answer) response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
      return Promise.resolve(Boolean(answer));
    },
  });
  const environment = {
    GITHUB_API_URL: api.url,
    GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
    GITHUB_REPOSITORY: repository,
    GITHUB_REPOSITORY_ID: setting.id ?? '4711',
    GITHUB_TOKEN: TOKEN,
    GITHUB_ACTOR: 'somebody',
    HAS_COMMIT_TOKEN: String(setting.hasCommitToken ?? false),
  };
  const github = openGitHub(environment);
  const registry = (): string => chooseRegistry(readCache(catalog), environment);
  const indexOfHead = (): string =>
    JSON.stringify({ version: 1, endpoints: [], commit: git('rev-parse', 'HEAD') });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }

  function push(): void {
    git('add', '-A');
    git('commit', '-qm', 'first');
    git('push', '-q', 'origin', 'HEAD:main');
  }

  return {
    setting,
    api,
    checkSetup: async () => {
      const place = { branch, registry: registry(), catalog };
      const checks = judgeSetup(await readSetupFacts(github, place, environment));
      return checks.map(({ name, state, sentence }) => `${name}: ${state}: ${sentence}`).join('\n');
    },
    places: async () => {
      const asked = await askPagesUrl(environment);
      return `${registry()} ${siteUrlOf({ ...environment, SITE_URL: asked })}`;
    },
    choose: async () => {
      const file = join(folder, 'outputs');
      vi.stubEnv('GITHUB_OUTPUT', file);
      try {
        await reportRepository({ ...environment, GITHUB_OUTPUT: file, GITHUB_REF_NAME: branch });
      } finally {
        vi.unstubAllEnvs();
      }
      const outputs = readFileSync(file, 'utf8').matchAll(/^(\w+)<<\S+\n(.*)$/gm);
      return [...outputs].map(([, name, value]) => `${name}=${value}`).join(' ');
    },
    commit: async () => {
      write('site/content/packages/zlib.json', '{}');
      if (setting.fault) api.fail(setting.fault);
      try {
        const { files } = await commitFiles(github, branch, await readChanges(catalog), {
          headline: 'Add builds',
          body: '',
        });
        git('fetch', '-q', 'origin');
        git('reset', '-q', '--hard', 'origin/main');
        return `${files} files committed`;
      } catch (error) {
        return describeError(error);
      }
    },
    startDeploy: async (committed) => {
      const decision = await startDeploy(
        github,
        { committed, branch },
        { ...environment, SITE_URL: siteUrl },
      );
      return decision.sentence;
    },
    checkLive: async () => {
      const options = {
        waitMs: 0,
        pauseMs: 1,
        deployPage: `https://github.com/${repository}/actions/workflows/deploy.yml`,
      };
      try {
        const { isServed } = await checkLive(siteUrl, indexOfHead(), options);
        return isServed ? 'the site shows this deployment' : 'it asks for a login';
      } catch (error) {
        return describeError(error);
      }
    },
    deploy: () => {
      served = indexOfHead();
    },
    close: async () => {
      await api.close();
      site.closeAllConnections();
      site.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
