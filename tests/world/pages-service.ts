import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { z } from 'zod';
import { pagesHandler } from '../../scripts/start/pages-server.ts';
import type { ArtifactService } from './artifact-service.ts';
import { pagesAnswer } from './github-rest.ts';
import { openCdn, type CdnMode } from './pages-cdn.ts';

/** Host names of sites on Pages, as in its certificate. */
export const PAGES_HOSTS = '*.github.io';
/** Custom domain used in tests. */
export const OWN_DOMAIN = 'cache.example.org';

/**
 * A stand-in for GitHub Pages: its REST endpoints, and the hosts that serve the last deployment. Sources:
 * "Pages" in GitHub's OpenAPI description; errors quoted in actions/deploy-pages#383 and its issues; in
 * GitHub's documentation "What is GitHub Pages?" (addresses of sites), "MIME types on GitHub Pages" (those of
 * mime-db), "Creating a custom 404 page", and "About custom domains and GitHub Pages" (the address at
 * github.io redirects to the domain). Its CDN is in `pages-cdn.ts`.
 */
export interface PagesService {
  /** Whether the owner has enabled Pages with "GitHub Actions" as the source. */
  isOn: boolean;
  /** Address of the site as in GitHub's `html_url`, without the trailing slash. */
  readonly url: string;
  /**
   * Outcome of deployments. `serve`: success; `same commit`: a deployment whose commit is already served is
   * accepted but never served (actions/deploy-pages#383); `stuck`: it stays in progress until it is
   * cancelled.
   */
  mode: 'serve' | 'same commit' | 'stuck';
  /** Caching of responses across deployments. */
  cdn: { mode: CdnMode };
  /** All accepted deployments, oldest first. */
  deployments: Deployment[];
  /** Answers a request to GitHub's REST API if it is about Pages. */
  answerRest(method: string, url: URL, body: string, response: ServerResponse): Promise<boolean>;
  /** Answers a request to one of its hosts. */
  answerSite(request: IncomingMessage, response: ServerResponse): void;
}

export interface Deployment {
  /** Commit that started its run. */
  id: string;
  status: 'deployment_in_progress' | 'succeed' | 'deployment_cancelled';
  isServed: boolean;
}

const DeploymentRequest = z.object({
  artifact_id: z.int(),
  pages_build_version: z.string(),
  oidc_token: z.string().min(1),
});

/** The properties of a repository that determine the address of its site. */
interface PagesRepository {
  /** The repository, `owner/name`. */
  repository: string;
  /** Whether its site has a custom domain. */
  hasDomain?: boolean;
}

/**
 * @param options.folder contains the served files in `pages`; must be on one file system
 * @param options.site current repository of the site, which moves with its repository: "GitHub changes the
 * Project Page URL immediately"
 * (https://ryan.thaut.me/blog/2020/05/21/redirecting-github-project-pages-for-renamed-repositories/)
 */
export function createPagesService(options: {
  folder: string;
  artifacts: ArtifactService;
  site: () => PagesRepository;
  now?: () => number;
}): PagesService {
  const { folder, artifacts, site, now = Date.now } = options;
  const cdn = openCdn(now);
  const served = join(folder, 'pages');
  mkdirSync(served, { recursive: true });
  const pages: PagesService = {
    isOn: true,
    get url() {
      const { host, base, domain } = addressOf(site());
      return `https://${domain ?? `${host}${base}`}`;
    },
    mode: 'serve',
    cdn,
    deployments: [],
    answerRest,
    answerSite,
  };

  function answerSite(request: IncomingMessage, response: ServerResponse): void {
    const { host, base, domain } = addressOf(site());
    const { url: path = '/' } = request;
    const isServed = pages.isOn && pages.deployments.some((each) => each.isServed);
    const isAtDomain = domain !== undefined && request.headers.host === domain;
    const isAtHost = request.headers.host === host && (path === base || path.startsWith(`${base}/`));
    const answerFrom = (root: string) => {
      cdn.answer(request, response, pagesHandler(served, root)).catch(() => response.destroy());
    };
    if (!isServed || !(isAtDomain || isAtHost)) answerNoSite(response);
    else if (isAtDomain) answerFrom('');
    else if (domain === undefined) answerFrom(base);
    else response.writeHead(301, { location: `https://${domain}${path.slice(base.length) || '/'}` }).end();
  }

  async function answerRest(
    method: string,
    url: URL,
    body: string,
    response: ServerResponse,
  ): Promise<boolean> {
    const [, base, rest = ''] = /^(\/repos\/[^/]+\/[^/]+)\/pages(\/.*)?$/.exec(url.pathname) ?? [];
    if (base === undefined) return false;
    if (!pages.isOn) {
      const page = method === 'GET' ? 'get-a-apiname-pages-site' : 'create-a-github-pages-deployment';
      send(response, 404, {
        message: 'Not Found',
        documentation_url: `https://docs.github.com/rest/pages/pages#${page}`,
        status: '404',
      });
      return true;
    }
    if (method === 'GET' && rest === '') {
      send(response, 200, pagesAnswer(`${pages.url}/`));
      return true;
    }
    if (method === 'POST' && rest === '/deployments') {
      await deploy(DeploymentRequest.parse(JSON.parse(body)), response);
      return true;
    }
    const [, id, isCancel] = /^\/deployments\/([^/]+)(\/cancel)?$/.exec(rest) ?? [];
    const deployment = pages.deployments.findLast((each) => each.id === id);
    if (!deployment) send(response, 404, { message: 'Not Found' });
    else if (method === 'POST' && isCancel) {
      deployment.status = 'deployment_cancelled';
      send(response, 204, {});
    } else send(response, 200, { status: deployment.status });
    return true;
  }

  async function deploy(
    { artifact_id: artifactId, pages_build_version: id }: z.infer<typeof DeploymentRequest>,
    response: ServerResponse,
  ): Promise<void> {
    const underWay = pages.deployments.find(
      (each) => each.status === 'deployment_in_progress' && each.id !== id,
    );
    if (underWay) {
      const message =
        `Deployment request failed for ${id} due to in progress deployment. Please cancel ${underWay.id} first or ` +
        'wait for it to complete.';
      return send(response, 400, { message, status: '400' });
    }
    const artifact = artifacts.artifacts.find((each) => each.id === artifactId && each.isFinal);
    if (!artifact) return send(response, 404, { message: 'Not Found', status: '404' });
    const isKnown = pages.deployments.some((each) => each.id === id && each.isServed);
    const deployment: Deployment = { id, status: 'deployment_in_progress', isServed: false };
    pages.deployments.push(deployment);
    if (pages.mode !== 'stuck') {
      if (pages.mode === 'serve' || !isKnown) await serve(artifact.file, deployment);
      deployment.status = 'succeed';
    }
    send(response, 200, {
      id,
      status_url: `https://api.github.com/repos/owner/repo/pages/deployments/${id}`,
      page_url: `${pages.url}/`,
    });
  }

  /** The artifact is a zip of `artifact.tar`. */
  async function serve(zip: string, deployment: Deployment): Promise<void> {
    const fresh = mkdtempSync(join(folder, 'pages-'));
    const archive = await openPromise(zip);
    for await (const entry of archive.eachEntry()) {
      const tar = spawn('tar', ['-xf', '-', '-C', fresh]);
      const done = once(tar, 'close');
      await pipeline(await archive.openReadStreamPromise(entry), tar.stdin);
      await done;
    }
    rmSync(served, { recursive: true });
    renameSync(fresh, served);
    deployment.isServed = true;
    cdn.deployed();
  }

  return pages;
}

/** Returns the address of a repository's site: that of `owner.github.io` is at the root of the host. */
function addressOf({ repository, hasDomain = false }: PagesRepository): {
  host: string;
  base: string;
  domain: string | undefined;
} {
  const [owner = '', name = ''] = repository.split('/');
  const host = `${owner.toLowerCase()}.github.io`;
  const base = name.toLowerCase() === host ? '' : `/${name}`;
  return { host, base, domain: hasDomain ? OWN_DOMAIN : undefined };
}

/**
 * Answers as GitHub does without a site, such as at the old address of
 * https://github.com/inbo/inbo.github.io.
 */
function answerNoSite(response: ServerResponse): void {
  const text =
    "<title>Site not found &middot; GitHub Pages</title><p>There isn't a GitHub Pages site here.</p>";
  response.writeHead(404, { 'content-type': 'text/html; charset=utf-8' }).end(text);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}
