import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { tryJson } from '../../site/lib/json.ts';
import { readCredentials, type Credentials } from './credentials.ts';
import { ConnectionError, isCertificateCode, isRateLimit, isTemporary } from '../http/retry.ts';
import { isLoopback, readErrorText, readLimited, send, type HttpAnswer } from '../http/request.ts';
import { isGitHubRegistry } from './github-registry.ts';
import { hasErrorCode, refusalOf, RegistryRefusedError } from './errors.ts';
import type { RemoteReference } from './registry.ts';
import { z } from 'zod';

/** Docker Hub uses different host names for its API and its logins. */
const DOCKER_HUB = { host: 'docker.io', api: 'registry-1.docker.io', login: 'index.docker.io' };

/** Body of a request. */
export interface Content {
  type: string;
  body: Blob;
}

/** Options of a registry client. */
export interface ClientOptions {
  /** Longest time without a byte, in milliseconds. */
  idleMs: number;
  /** Send no login, even if there is one. */
  anonymous?: boolean | undefined;
  /** The login to send (default: the one that Docker's settings have for the host). */
  credentials?: Credentials;
  /** Actions that a token must allow. */
  actions?: 'pull' | 'pull,push';
  /** Another repository to mount a blob from. */
  mountFrom?: string;
}

interface Login {
  header: string;
  loggedIn: boolean;
}

/** Sends requests to one repository and logs in when it requires that. */
export class RegistryClient {
  readonly #repository: RemoteReference;
  readonly #options: ClientOptions;
  readonly #isHub: boolean;
  #transport: Promise<'https' | 'http'> | undefined;
  #login: Promise<Login> | undefined;

  constructor(repository: RemoteReference, options: ClientOptions) {
    trustCertificateFile();
    this.#repository = repository;
    this.#options = options;
    this.#isHub = repository.host === DOCKER_HUB.host;
  }

  transport(): Promise<'https' | 'http'> {
    return (this.#transport ??= chooseTransport(this.#repository, this.#options.idleMs).catch(
      (error: unknown) => {
        this.#transport = undefined;
        throw error;
      },
    ));
  }

  /**
   * Sends one request without retries; undefined when the registry does not have the object.
   * @param part the part of the URL after the repository's path, or a URL from an earlier response
   */
  async request(
    method: string,
    part: string,
    accept: string,
    content?: Content,
  ): Promise<HttpAnswer | undefined> {
    const repository = this.#repository;
    const root = `${await this.transport()}://${this.#isHub ? DOCKER_HUB.api : repository.host}`;
    const url = new URL(part, `${root}/v2/${repository.path}/`);
    if (url.origin !== new URL(root).origin)
      throw new Error(`${root} redirects an upload to ${url.origin}; expected an address on the same host`);
    const isRead = method === 'GET' || method === 'HEAD';
    const ask = (login: Login | undefined) => this.#ask(url.href, method, accept, login, content);
    const shown = this.#login;
    let login = await shown;
    let answer = await ask(login);
    const challenge =
      answer.status === 401 ? parseChallenge(answer.headers.get('www-authenticate')) : undefined;
    if (challenge) {
      answer.body.destroy();
      // When several requests find the token missing or expired, the first fetches a new one for all.
      if (this.#login === shown) this.#login = this.#logIn(challenge);
      try {
        login = await this.#login;
        answer = await ask(login);
      } catch (error) {
        if (isRead && error instanceof TokenRefusal && error.isNeverPushed) return undefined;
        throw error instanceof TokenRefusal ? error.cause : error;
      }
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    const text = await readErrorText(answer);
    answer.body.destroy();
    const loggedIn = login?.loggedIn ?? false;
    if (answer.status === 404 && (isRead || method === 'DELETE')) return undefined;
    if (isRead && isNeverPushed(repository, answer.status, text, loggedIn)) return undefined;
    // A response to HEAD has no body to show which kind of 403 it is; a response to GET has one.
    if (answer.status === 403 && method === 'HEAD' && text === '') return this.request('GET', part, accept);
    throw refusalOf(repository, answer, text, loggedIn);
  }

  #ask(
    url: string,
    method: string,
    accept: string,
    login: Login | undefined,
    content: Content | undefined,
  ): Promise<HttpAnswer> {
    const headers = {
      accept,
      'accept-encoding': 'identity',
      ...(login && { authorization: login.header }),
      ...(content && { 'content-type': content.type }),
    };
    const { idleMs } = this.#options;
    return send(url, { method, headers, idleMs, ...(content && { body: content.body }) });
  }

  /** Gets a login that all requests share; a failed one is not kept. */
  #logIn(challenge: Challenge): Promise<Login> {
    const { anonymous = false, idleMs, actions = 'pull', mountFrom } = this.#options;
    const logIn = async (): Promise<Login> => {
      const host = this.#isHub ? DOCKER_HUB.login : this.#repository.host;
      const credentials = anonymous
        ? undefined
        : (this.#options.credentials ?? (await readCredentials(host)));
      const options = { idleMs, actions, mountFrom };
      const header = await answerChallenge(challenge, this.#repository, credentials, options);
      return { header, loggedIn: credentials !== undefined };
    };
    const login = logIn();
    login.catch(() => {
      if (this.#login === login) this.#login = undefined;
    });
    return login;
  }
}

/**
 * Whether the response means that a package was never pushed. For a package that does not exist yet GitHub's
 * registry may answer 403 DENIED instead of 404, even to a login that may read packages. If it exists and is
 * only hidden from this login, the push that follows is refused without any loss.
 */
function isNeverPushed({ host }: RemoteReference, status: number, text: string, loggedIn: boolean): boolean {
  const isDenied = status === 403 && hasErrorCode(text, 'DENIED') && !isRateLimit(status, text);
  return isGitHubRegistry(host) && loggedIn && isDenied;
}

/** The token endpoint gave no token; the cause says why, for callers that cannot do without. */
class TokenRefusal extends Error {
  /** Whether the reason may be that the package was never pushed. */
  readonly isNeverPushed: boolean;

  constructor(isNeverPushed: boolean, cause: Error) {
    super('no token', { cause });
    this.isNeverPushed = isNeverPushed;
  }
}

/** Chooses the protocol. A loopback address may use either: tries TLS first, then plain HTTP. */
async function chooseTransport(repository: RemoteReference, idleMs: number): Promise<'https' | 'http'> {
  if (repository.transport !== 'either') return repository.transport;
  try {
    (await send(`https://${repository.host}/v2/`, { headers: {}, idleMs })).body.destroy();
    return 'https';
  } catch (error) {
    if (!(error instanceof ConnectionError) || isCertificateCode(error.code)) throw error;
    if (error.code === 'ECONNREFUSED' && /:\d+$/.test(repository.host)) throw error;
    return 'http';
  }
}

/** Makes Node trust SSL_CERT_FILE, as ORAS and Spack do, so that one setting is enough for all three. */
function trustCertificateFile(): void {
  const file = process.env['SSL_CERT_FILE'];
  if (!file) return;
  let certificates: string;
  try {
    certificates = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`SSL_CERT_FILE names ${file}, which cannot be read`, { cause });
  }
  // Node may return certificates with a trailing line break.
  const trusted = new Set(tls.getCACertificates('default').map((certificate) => certificate.trim()));
  const added = certificates.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  // Setting them all again takes a tenth of a second.
  if (!added.every((certificate) => trusted.has(certificate)))
    tls.setDefaultCACertificates([...trusted, ...added]);
}

/** An authentication challenge, parsed from a `WWW-Authenticate` header. */
export interface Challenge {
  scheme: 'basic' | 'bearer';
  realm: string;
  service?: string | undefined;
}

/** A token has a few kilobytes, never a megabyte. */
const TOKEN_LIMIT_BYTES = 2 ** 20;

const TokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Parses a `WWW-Authenticate` header; undefined for schemes other than Basic and Bearer. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const [, scheme = '', rest = ''] = /\b(basic|bearer)\s+(.*)$/i.exec(header ?? '') ?? [];
  const parameters = new Map<string, string>();
  for (const [, name = '', value = ''] of rest.matchAll(/(\w+)="([^"]*)"/g)) parameters.set(name, value);
  const realm = parameters.get('realm') ?? '';
  const service = parameters.get('service');
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic', realm, service };
  return scheme.toLowerCase() === 'bearer' ? { scheme: 'bearer', realm, service } : undefined;
}

/**
 * Returns the `Authorization` header that answers a repository's challenge. Without a login it is an
 * anonymous token, if the registry issues those.
 */
async function answerChallenge(
  challenge: Challenge,
  repository: RemoteReference,
  credentials: Credentials | undefined,
  options: TokenOptions,
): Promise<string> {
  if (challenge.scheme === 'bearer') {
    return `Bearer ${await fetchToken(challenge, repository, credentials, options)}`;
  }
  if (!credentials) throw new RegistryRefusedError(repository, 401, false);
  return basic(credentials);
}

type TokenOptions = Pick<Required<ClientOptions>, 'idleMs' | 'actions'> & { mountFrom?: string | undefined };

/** Source: Distribution's "Token Authentication Specification". Identity tokens use OAuth 2. */
async function fetchToken(
  { realm, service }: Challenge,
  repository: RemoteReference,
  credentials: Credentials | undefined,
  { idleMs, actions, mountFrom }: TokenOptions,
): Promise<string> {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (!url || (url.protocol !== 'https:' && !isLoopback(url.hostname) && repository.transport !== 'http')) {
    throw new Error(`${repository.host} asks to log in at "${realm}": expected an https address`);
  }
  const fields = new URLSearchParams({
    ...(service !== undefined && { service }),
    scope: `repository:${repository.path}:${actions}`,
  });
  if (mountFrom !== undefined) fields.append('scope', `repository:${mountFrom}:pull`);
  const token = credentials?.identityToken;
  if (!token) for (const [name, value] of fields) url.searchParams.append(name, value);
  const answer = token
    ? await send(url.href, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `${fields}&${new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: 'spack-build-cache' })}`,
        idleMs,
      })
    : await send(url.href, { headers: credentials ? { authorization: basic(credentials) } : {}, idleMs });
  if (answer.status !== 200) {
    const text = await readErrorText(answer);
    const loggedIn = credentials !== undefined;
    const refusal = refusalOf(repository, answer, text, loggedIn);
    // It is not known for sure whether GitHub answers 401 or 403 for a missing package; without a login both
    // mean that it is not public.
    const neverPushed =
      isNeverPushed(repository, answer.status, text, loggedIn) ||
      (answer.status === 401 && loggedIn && isGitHubRegistry(repository.host));
    throw isTemporary(refusal) ? refusal : new TokenRefusal(neverPushed, refusal);
  }
  const access = readToken(String(await readLimited(answer, TOKEN_LIMIT_BYTES)));
  if (!access) throw new Error(`${url.origin}: expected a token for ${repository.host}, found none`);
  return access;
}

/** Returns undefined when there is no token that fits into a header. */
function readToken(text: string): string | undefined {
  const answer = tryJson(text, TokenAnswer);
  const access = answer?.token ?? answer?.access_token;
  return access !== undefined && /^[\x21-\x7e]+$/.test(access) ? access : undefined;
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
