import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, type Fault } from './faulty-proxy.ts';
import { sampleAnswer } from './github-openapi.ts';

/**
 * A proxy in front of the tests' real registry that is as strict as ghcr.io. Each rule names its source;
 * `owner/repo#1` is a public issue there. The order of tags is not simulated (by age on ghcr.io, by name
 * here).
 */
export interface Ghcr {
  /** Address `127.0.0.1:PORT`; tests put it into `GITHUB_REGISTRIES` to apply the rules of ghcr.io. */
  host: string;
  /** Address `127.0.0.1:PORT` of the storage, called `STORAGE_NAME` for clients that use HTTPS. */
  storageHost: string;
  /** Every request to the registry itself so far, as `METHOD /path`. */
  seen: string[];
  /** Every request so far to the storage to which blobs are redirected. */
  stored: { line: string; authorization: string | undefined }[];
  /** Answers some requests before all rules; none by default. */
  fault: Fault;
  /** Makes a package public, as an owner can on its settings page. */
  makePublic(name: string): void;
  /** Removes the login's permission to push to a package. */
  denyWriting(name: string): void;
  /** Lists the versions of a package with their digests and tags, newest last. */
  versions(name: string): Promise<{ id: number; digest: string; tags: string[] }[]>;
  /** Saves the state of packages, without that of the registry behind it; the result restores it. */
  save(): () => void;
  stop(): Promise<void>;
}

export interface GhcrOptions {
  /** Password that the token endpoint accepts, with any user name. */
  token: string;
  /**
   * Response to a login that requests a missing package. It is not certain which one GitHub gives: 404
   * NAME_UNKNOWN (podtato-head#66), 403 DENIED (ryokun6/ryos#1156).
   */
  absent?: 403 | 404;
  /**
   * The token endpoint's response to anonymous requests for a private or missing package. Both were seen: 401
   * (openai/tunnel-client#75), 403 (bytecodealliance/wasm-pkg-tools#40).
   */
  anonymous?: 401 | 403;
  /** The token endpoint's response to a login for a missing package; only 200 was ever seen. */
  tokenForAbsent?: 200 | 401 | 403;
  /**
   * Owner whose packages the login may write; for a run's token, the repository's owner (default:
   * everybody's).
   */
  owner?: () => string;
  /** Permission for packages of a token with a job after `#`, see `permissionsOf` of the API (default: write). */
  packagesOf?: (job: string) => 'read' | 'write' | undefined;
  /** Whether the login may create packages. */
  mayCreate?: boolean;
  /** Largest layer, in bytes. Source: GitHub's "Working with the Container registry", Troubleshooting: 10 GB. */
  layerLimitBytes?: number;
  /** Longest upload, in milliseconds. Source: the same page: 10 minutes. */
  uploadLimitMs?: number;
  /** Starts a proxy in front of the storage to which blobs are redirected. */
  frontStorage?: (host: string) => Promise<{ host: string; stop(): Promise<void> }>;
}

/** Host to which ghcr.io redirects requests for blobs. */
export const STORAGE_NAME = 'pkg-containers.githubusercontent.com';
const MEBIBYTE = 2 ** 20;
/** Maximum size of requests with Content-Range. Source: ocx-sh/ocx#237, openai/tart#179. */
const RANGE_LIMIT_BYTES = 4 * MEBIBYTE;
/** Source: renovatebot/renovate#36103. */
const TAGS_A_PAGE = 100;
const MANIFEST_PATH = /^\/v2\/(.+)\/manifests\/([^/]+)$/;
/** ghcr.io uses "upload" where Distribution uses "uploads". Source: dotnet/sdk-container-builds#292. */
const UPLOAD_PATH = /^\/v2\/(.+)\/blobs\/upload\/(.+)$/;

/** Too many requests, with the wait only in the text. Source: fermyon/developer#589, gardenlinux#2868. */
export const TOO_MANY = {
  status: 429,
  body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 10.487765ms, allowed: 2000/minute"}]}',
};
/** The same as status 403, nested and over several lines. Source: virtualcell/vcell#1888. */
export const SECONDARY_LIMIT = {
  status: 403,
  body: JSON.stringify({
    errors: [
      {
        code: 'DENIED',
        message:
          'permission_denied: Error from intermediary with HTTP status code 403 "Forbidden" - with-body: {\n' +
          '  "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."\n}',
      },
    ],
  }),
};

/** Starts the proxy in front of a plain HTTP registry. @param target `127.0.0.1:PORT` */
export async function startGhcr(target: string, options: GhcrOptions): Promise<Ghcr> {
  const { absent = 404, anonymous = 403, tokenForAbsent = 200, mayCreate = true } = options;
  const { layerLimitBytes = 10e9, uploadLimitMs = 600_000 } = options;
  /** Token of a login, `TOKEN` or `TOKEN#job`; with an unknown one undefined. */
  const levelOf = (password = ''): 'read' | 'write' | 'none' | undefined => {
    const [token, job] = password.split('#');
    if (token !== options.token) return undefined;
    return job === undefined || !options.packagesOf ? 'write' : (options.packagesOf(job) ?? 'none');
  };
  const isPublic = new Set<string>();
  const isReadOnly = new Set<string>();
  const packages = new Set<string>();
  /** Digests of manifests by package, in the order of pushes; the position is the id. */
  const pushed = new Map<string, string[]>();
  const deleted = new Set<string>();
  const seen: string[] = [];
  const stored: Ghcr['stored'] = [];

  const storage = await listen((incoming, outgoing) => {
    const { authorization } = incoming.headers;
    stored.push({ line: `${incoming.method} ${incoming.url}`, authorization });
    // Azure's storage refuses a second login in addition to the signed address. Source: Azure/acr#217.
    if (authorization !== undefined || !incoming.url?.includes('sig=')) {
      outgoing.writeHead(authorization === undefined ? 403 : 400, { 'content-type': 'application/xml' });
      outgoing.end('<Error><Code>InvalidAuthenticationInfo</Code></Error>');
      return;
    }
    forward(incoming, outgoing, incoming.url.replace(/\?.*/, '').replace('/ghcr1', ''));
  });

  const storageFront = await options.frontStorage?.(storage.host);
  const front = await listen((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    if (ghcr.fault(incoming, outgoing) === true) {
      incoming.resume();
      return;
    }
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://front');
    if (pathname === '/token') answerToken(incoming, outgoing, searchParams.get('scope') ?? '');
    else if (pathname.startsWith('/users/')) answerRest(incoming, outgoing, pathname);
    else answerRegistry(incoming, outgoing, pathname, searchParams);
  });

  /** Source: Distribution's token authentication; GitHub's own rules are marked at each response. */
  function answerToken(incoming: IncomingMessage, outgoing: ServerResponse, scope: string): void {
    const [, name = '', actions = ''] = /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? [];
    const { authorization = '' } = incoming.headers;
    if (authorization.startsWith('Basic ')) {
      const [, password] =
        /^[^:]*:([^]*)$/.exec(Buffer.from(authorization.slice(6), 'base64').toString()) ?? [];
      // `docker login` shows this as "denied: denied"; an expired login makes even public packages fail.
      if (levelOf(password) === undefined) return refuse(outgoing, 403, 'DENIED', 'denied');
      if (!packages.has(name) && tokenForAbsent !== 200 && !actions.includes('push')) {
        return refuse(outgoing, tokenForAbsent, 'DENIED', 'requested access to the resource is denied');
      }
      // The token is opaque and does not guarantee that pushing is allowed. Source:
      // radius-project/radius#12623.
      return sendJson(outgoing, 200, { token: Buffer.from(password ?? '').toString('base64') });
    }
    // Anonymous clients may only pull public packages. Source: cloudflare/serverless-registry#149,
    // sigstore/scaffolding#127.
    if (actions === 'pull' && isPublic.has(name)) return sendJson(outgoing, 200, { token: `public:${name}` });
    return refuse(
      outgoing,
      actions === 'pull' ? anonymous : 403,
      'DENIED',
      'requested access to the resource is denied',
    );
  }

  function answerRegistry(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    pathname: string,
    query: URLSearchParams,
  ): void {
    const { method = 'GET', headers } = incoming;
    const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(pathname)?.[1] ?? '';
    if (!mayEnter(incoming, outgoing, name)) return;
    if (pathname === '/v2/') return sendJson(outgoing, 200, {});
    if (name !== name.toLowerCase())
      return refuse(outgoing, 400, 'NAME_INVALID', 'invalid repository name', method);
    const isWrite = method !== 'GET' && method !== 'HEAD';
    // Deletion is only supported by the REST API. Source: containers/skopeo#1880, oras-project/oras#915.
    if (method === 'DELETE')
      return refuse(outgoing, 405, 'UNSUPPORTED', 'The operation is unsupported.', method);
    const isOwn = !options.owner || name.startsWith(`${options.owner().toLowerCase()}/`);
    if (isWrite && !isOwn) {
      // Message quoted by many projects for an owner whose packages the login may not write.
      return refuse(outgoing, 403, 'DENIED', 'permission_denied: create_package', method);
    }
    if (isWrite && (isReadOnly.has(name) || levelOf(passwordOf(headers.authorization)) !== 'write')) {
      // Source: tridz-dev/huf#349.
      return refuse(outgoing, 403, 'DENIED', 'permission_denied: write_package', method);
    }
    if (isWrite && !packages.has(name) && !mayCreate) {
      // Source: devcontainers/template-starter#14.
      return refuse(
        outgoing,
        403,
        'DENIED',
        'installation not allowed to Create organization package',
        method,
      );
    }
    if (!isWrite && !packages.has(name) && !pathname.includes('/upload')) {
      return absent === 404
        ? refuse(outgoing, 404, 'NAME_UNKNOWN', 'repository name not known to registry', method)
        : refuse(outgoing, 403, 'DENIED', 'requested access to the resource is denied', method);
    }
    // Source: dataaxiom/ghcr-cleanup-action#13.
    if (pathname.includes('/referrers/')) return refuse(outgoing, 404, 'NOT_FOUND', 'not found', method);
    if (pathname.endsWith('/tags/list')) {
      const size = Math.min(Number(query.get('n') ?? TAGS_A_PAGE), TAGS_A_PAGE);
      return void listTags(target, name).then((tags) => {
        const from = tags.indexOf(query.get('last') ?? '') + 1;
        const page = tags.slice(from, from + size);
        const next = `</v2/${name}/tags/list?last=${page.at(-1)}&n=${size}>; rel="next"`;
        sendJson(outgoing, 200, { name, tags: page }, from + size < tags.length ? { link: next } : {});
      });
    }
    const [, , digest = ''] = MANIFEST_PATH.exec(pathname) ?? [];
    if (digest !== '') {
      if (deleted.has(`${name}@${digest}`))
        return refuse(outgoing, 404, 'MANIFEST_UNKNOWN', 'manifest unknown', method);
      return forward(incoming, outgoing, pathname, {
        check: (status, type, body) => checkAccept(status, type, headers.accept ?? '', body),
        done: (status, sum) => {
          if (method !== 'PUT' || status !== 201) return;
          packages.add(name);
          const digests = pushed.get(name) ?? [];
          if (!digests.includes(sum)) pushed.set(name, [...digests, sum]);
          deleted.delete(`${name}@${sum}`);
        },
      });
    }
    if (method === 'GET' && pathname.includes('/blobs/sha256:')) {
      // Source: public research notes on ghcr.io's 307 to pkg-containers.githubusercontent.com.
      const place = isSecure(incoming)
        ? `https://${STORAGE_NAME}`
        : `http://${(storageFront ?? storage).host}`;
      outgoing.writeHead(307, { location: `${place}/ghcr1${pathname}?se=soon&sp=r&sig=signed` }).end();
      return;
    }
    answerUpload(incoming, outgoing, pathname, query);
  }

  /** Checks the bearer token; without one the response says where to get one. */
  function mayEnter(incoming: IncomingMessage, outgoing: ServerResponse, name: string): boolean {
    const { authorization = '', host = '' } = incoming.headers;
    const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
    const level = levelOf(passwordOf(authorization));
    if (level === 'none' && isRead && !isPublic.has(name) && packages.has(name)) {
      refuse(outgoing, 403, 'DENIED', 'requested access to the resource is denied', incoming.method);
      return false;
    }
    if (level !== undefined) return true;
    if (authorization === `Bearer public:${name}` && isRead) return true;
    if (authorization.startsWith('Basic ')) {
      // There is no WWW-Authenticate header. Source: renovatebot/renovate#11446.
      refuse(outgoing, 403, 'DENIED', 'invalid token', incoming.method);
      return false;
    }
    // On /v2/ the scope is literally this text. Source: cloudflare/serverless-registry#148, Mic92/niks3#229.
    const scope = `repository:${name || 'user/image'}:pull`;
    const scheme = isSecure(incoming) ? 'https' : 'http';
    const challenge = `Bearer realm="${scheme}://${host}/token",service="${host}",scope="${scope}"`;
    refuse(outgoing, 401, 'UNAUTHORIZED', 'authentication required', incoming.method, {
      'www-authenticate': challenge,
    });
    return false;
  }

  function answerUpload(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    pathname: string,
    query: URLSearchParams,
  ): void {
    const length = Number(incoming.headers['content-length'] ?? 0);
    const [, name = '', upload] = UPLOAD_PATH.exec(pathname) ?? [];
    if (incoming.headers['content-range'] !== undefined && length > RANGE_LIMIT_BYTES) {
      const message = 'the request body is too large and exceeds the maximum permissible limit of 4.00MiB';
      return refuse(outgoing, 416, 'REQUESTED_RANGE_NOT_SATISFIABLE', message, incoming.method);
    }
    if (length > layerLimitBytes)
      return refuse(outgoing, 413, 'SIZE_INVALID', 'layer too large', incoming.method);
    // An upload takes some time, even on a fast machine.
    if (uploadLimitMs === 0) return void incoming.socket.destroy();
    const timer = setTimeout(() => incoming.socket.destroy(), uploadLimitMs);
    outgoing.once('close', () => clearTimeout(timer));
    const path = upload === undefined ? pathname : `/v2/${name}/blobs/uploads/${upload}`;
    const search = query.toString();
    forward(incoming, outgoing, search === '' ? path : `${path}?${search}`);
  }

  /**
   * Answers GitHub's REST API for package versions. Source: its OpenAPI description,
   * `packages/list-package-versions-…`.
   */
  function answerRest(incoming: IncomingMessage, outgoing: ServerResponse, pathname: string): void {
    const [, owner = '', part = '', , id = ''] =
      /^\/users\/([^/]+)\/packages\/container\/([^/]+)\/versions(\/(\d+))?$/.exec(pathname) ?? [];
    const name = `${owner}/${decodeURIComponent(part)}`;
    if (incoming.headers.authorization !== `Bearer ${options.token}`) {
      return sendJson(outgoing, 401, { message: 'Requires authentication', status: '401' });
    }
    if (!packages.has(name)) return sendJson(outgoing, 404, { message: 'Package not found.', status: '404' });
    if (isReadOnly.has(name)) {
      // Source: dataaxiom/ghcr-cleanup-action#28.
      return sendJson(outgoing, 403, { message: 'Resource not accessible by integration', status: '403' });
    }
    void ghcr.versions(name).then((versions) => {
      const path = '/users/{username}/packages/{package_type}/{package_name}/versions';
      const describe = (one: string, { id, digest, tags }: (typeof versions)[number]): unknown => {
        const metadata = { package_type: 'container', container: { tags } };
        return sampleAnswer('GET', `${path}${one}`, { id, name: digest, metadata });
      };
      if (incoming.method === 'GET' && id === '') {
        const answer = versions.toReversed().map((version) => describe('', version));
        return sendJson(outgoing, 200, answer);
      }
      const version = versions.find((known) => String(known.id) === id);
      if (!version) return sendJson(outgoing, 404, { message: 'Package not found.', status: '404' });
      if (incoming.method === 'GET')
        return sendJson(outgoing, 200, describe('/{package_version_id}', version));
      deleted.add(`${name}@${version.digest}`);
      return outgoing.writeHead(204).end();
    });
  }

  /** Forwards a request, and changes the registry's upload addresses to ghcr.io's form. */
  function forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    path: string,
    { check, done }: Watch = {},
  ): void {
    const { method, headers } = incoming;
    const others = Object.fromEntries(Object.entries(headers).filter(([key]) => key !== 'authorization'));
    const onward = request(`http://${target}${path}`, { method, headers: others }, (answer) => {
      const status = answer.statusCode ?? 502;
      const refusal = check?.(status, answer.headers['content-type'] ?? '', method);
      if (refusal) {
        answer.resume();
        return refuse(outgoing, 404, 'MANIFEST_UNKNOWN', refusal, method);
      }
      done?.(status, String(answer.headers['docker-content-digest'] ?? ''));
      const location = answer.headers.location?.replace('/blobs/uploads/', '/blobs/upload/');
      outgoing.writeHead(status, { ...answer.headers, ...(location !== undefined && { location }) });
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }

  const ghcr: Ghcr = {
    host: front.host,
    storageHost: storage.host,
    seen,
    stored,
    fault: () => false,
    makePublic: (name) => void isPublic.add(name),
    denyWriting: (name) => void isReadOnly.add(name),
    versions: async (name) => {
      const tags = await readTags(target, name);
      return (pushed.get(name) ?? [])
        .map((digest, at) => ({ id: at + 1, digest, tags: tags.get(digest) ?? [] }))
        .filter(({ digest }) => !deleted.has(`${name}@${digest}`));
    },
    save: () => {
      const [names, manifests, gone] = [[...packages], structuredClone(pushed), [...deleted]];
      return () => {
        refill(packages, names);
        refill(deleted, gone);
        pushed.clear();
        for (const [name, digests] of structuredClone(manifests)) pushed.set(name, digests);
      };
    },
    stop: async () => {
      await storageFront?.stop();
      await front.stop();
      await storage.stop();
    },
  };
  return ghcr;
}

/** Password in a bearer token, which is opaque to clients. */
function passwordOf(authorization = ''): string {
  return Buffer.from(authorization.replace('Bearer ', ''), 'base64').toString();
}

/** Whether a request came through a TLS proxy. */
function isSecure({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-proto'] === 'https';
}

function refill(set: Set<string>, members: string[]): void {
  set.clear();
  for (const member of members) set.add(member);
}

/** Hooks for a response before it is passed on. */
interface Watch {
  /** Returns the message of a 404 to send instead; undefined passes the response on. */
  check?: (status: number, type: string, method: string | undefined) => string | undefined;
  done?: (status: number, digest: string) => void;
}

/** Source: sksat/compose-cd#139. */
function checkAccept(
  status: number,
  type: string,
  accept: string,
  method: string | undefined,
): string | undefined {
  const isRead = method === 'GET' || method === 'HEAD';
  if (status !== 200 || !isRead || accept.includes(type)) return undefined;
  return type.includes('index')
    ? 'OCI index found, but Accept header does not support OCI indexes'
    : 'OCI manifest found, but Accept header does not support OCI manifests';
}

/** Sends an error in the registry's form; a response to HEAD has no body (docker/build-push-action#981). */
function refuse(
  outgoing: ServerResponse,
  status: number,
  code: string,
  message: string,
  method?: string,
  headers: Record<string, string> = {},
): void {
  if (method === 'HEAD') outgoing.writeHead(status, headers).end();
  else sendJson(outgoing, status, { errors: [{ code, message }] }, headers);
}

function sendJson(
  outgoing: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
  outgoing.end(JSON.stringify(body));
}

/** Tags, keyed by the digest that they point to. */
async function readTags(target: string, name: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const tag of await listTags(target, name)) {
    const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';
    const answer = await fetch(`http://${target}/v2/${name}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept },
    });
    const digest = answer.headers.get('docker-content-digest') ?? '';
    found.set(digest, [...(found.get(digest) ?? []), tag]);
  }
  return found;
}

/** Lists all tags of a repository; the registry behind the proxy has no pages. */
async function listTags(target: string, name: string): Promise<string[]> {
  const list: unknown = await (await fetch(`http://${target}/v2/${name}/tags/list`)).json();
  const hasTags = typeof list === 'object' && list !== null && 'tags' in list && Array.isArray(list.tags);
  return hasTags && Array.isArray(list.tags) ? list.tags.map(String) : [];
}
