import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import send from 'send';

/** Seconds for which GitHub Pages lets browsers and clients cache a response. */
const MAX_AGE_S = 600;
/** Number of consecutive ports to try when the first one is busy. */
const PORTS_TRIED = 50;
/** Addresses of "localhost"; a machine without IPv6 has only the first. */
const LOOPBACKS = ['127.0.0.1', '::1'];

export interface PagesOptions {
  /** Folder to serve, the site's `dist/`. */
  root: string;
  /** Base path such as `/spack-build-cache`; empty or `/` for none. */
  base: string;
  /** First port to try; 0 takes any free one. */
  port: number;
}

export interface PagesServer {
  /** Address `http://localhost:PORT/base`, without a trailing slash. */
  url: string;
  port: number;
  close(): Promise<void>;
}

/**
 * Serves a folder, only to this machine, as GitHub Pages serves a project site: under a base path, with
 * `404.html` for missing pages, without listings, with responses cached for 10 minutes. Tries the next port
 * when one is busy.
 */
export async function servePages({ root, base, port }: PagesOptions): Promise<PagesServer> {
  const { servers, port: taken } = await listenFrom(port, pagesHandler(root, base));
  return {
    url: `http://localhost:${taken}${prefixOf(base)}`,
    port: taken,
    close: async () => void (await Promise.all(servers.map(closeServer))),
  };
}

/** Answers requests as `servePages` does. */
export function pagesHandler(root: string, base: string): Handler {
  const prefix = prefixOf(base);
  return (request, response) => {
    answer(root, prefix, request, response).catch((error: unknown) => {
      console.error(`${request.url ?? ''}: ${String(error)}`);
      response.destroy();
    });
  };
}

function prefixOf(base: string): string {
  return base.replace(/^\/*/, '/').replace(/\/+$/, '');
}

async function answer(
  root: string,
  prefix: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Access-Control-Allow-Origin', '*');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  const [path = '', query] = (request.url ?? '/').split(/\?(.*)/s);
  if (path !== prefix && !path.startsWith(`${prefix}/`)) {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end(`The site is at ${prefix}/\n`);
    return;
  }
  const inner = path.slice(prefix.length);
  const page: Page | undefined =
    inner === '' ? { kind: 'directory', path: root } : await findPage(root, inner);
  if (page === undefined) return answerMissing(root, request, response);
  if (page.kind === 'directory') {
    response.writeHead(301, { Location: `${path.replace(/^\/+/, '/')}/${query ? `?${query}` : ''}` }).end();
    return;
  }
  sendFile(page.path, request, response);
}

function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
  // The path has been found and checked: the rules of `send` must not change it.
  const stream = send(request, encodeURI(path).replace(/[?#]/g, encodeURIComponent), {
    dotfiles: 'allow',
    index: false,
    maxAge: MAX_AGE_S * 1000,
  });
  stream.on('headers', () => {
    if (!/\.[^/.]+$/.test(path)) response.setHeader('Content-Type', 'application/octet-stream');
  });
  stream.pipe(response);
}

async function answerMissing(
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const page = await readFile(join(root, '404.html')).catch(() => 'Page not found.\n');
  response.writeHead(404, {
    'Content-Type': typeof page === 'string' ? 'text/plain' : 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(page),
    'Cache-Control': `max-age=${MAX_AGE_S}`,
  });
  response.end(request.method === 'HEAD' ? undefined : page);
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listenFrom(first: number, handler: Handler): Promise<{ servers: Server[]; port: number }> {
  for (let port = first; port < first + PORTS_TRIED && port < 65_536; port += 1) {
    // A free port of IPv4 may be busy with IPv6: any other one will do.
    const servers = await listenOn(first === 0 ? 0 : port, handler);
    const address = servers[0]?.address();
    if (address && typeof address === 'object') return { servers, port: address.port };
  }
  throw new Error(`no free port from ${first} to ${first + PORTS_TRIED - 1}: choose another with --port`);
}

/** Starts a server on each loopback address of this machine; none if the port is in use on one of them. */
async function listenOn(port: number, handler: Handler): Promise<Server[]> {
  const servers: Server[] = [];
  let wanted = port;
  for (const host of LOOPBACKS) {
    const server = createServer(handler);
    const failure = await listen(server, wanted, host);
    if (failure === 'EADDRINUSE' || (failure !== undefined && servers.length === 0)) {
      await Promise.all(servers.map(closeServer));
      if (failure === 'EADDRINUSE') return [];
      throw new Error(`cannot listen on ${host}:${port} (${failure}): choose another port with --port`);
    }
    if (failure !== undefined) continue;
    servers.push(server);
    const address = server.address();
    if (address && typeof address === 'object') wanted = address.port;
  }
  return servers;
}

/** Returns the code of the error that kept the server from listening, if any. */
function listen(server: Server, port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => resolve(undefined));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Target of a URL: a file, or a directory whose URL lacks its trailing slash. */
export interface Page {
  kind: 'file' | 'directory';
  /** Absolute path, symbolic links resolved. */
  path: string;
}

/**
 * Finds the page that GitHub Pages would serve for the encoded path of a URL, such as `/packages/tree/`:
 * `/x/` is `x/index.html`, `/x` is the file `x` or `x.html`. Undefined when there is none, or none inside
 * `root`.
 */
async function findPage(root: string, urlPath: string): Promise<Page | undefined> {
  const path = decodePath(urlPath);
  if (path === undefined) return undefined;
  if (path.endsWith('/')) return findInside(root, `${path}index.html`, ['file']);
  return (
    (await findInside(root, path, ['file'])) ??
    (await findInside(root, `${path}.html`, ['file'])) ??
    (await findInside(root, path, ['directory']))
  );
}

/** Decodes a path to a file path; undefined if no file of a site can have it. */
function decodePath(urlPath: string): string | undefined {
  try {
    const path = decodeURIComponent(urlPath);
    return path.includes('\0') || path.split(/[/\\]/).includes('..') ? undefined : path;
  } catch {
    return undefined;
  }
}

async function findInside(root: string, path: string, kinds: Page['kind'][]): Promise<Page | undefined> {
  try {
    const [home, target] = await Promise.all([realpath(root), realpath(join(root, path))]);
    if (target !== home && !target.startsWith(home + sep)) return undefined;
    const stats = await stat(target);
    const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : undefined;
    return kind && kinds.includes(kind) ? { kind, path: target } : undefined;
  } catch {
    return undefined;
  }
}
