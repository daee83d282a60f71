import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { tryJson } from '../../site/lib/json.ts';
import { readCredentials, type Credentials } from './credentials.ts';
import { ConnectionError, isCertificateCode, isRateLimit, isTemporary } from '../http/retry.ts';
import { isLoopback, readErrorText, readLimited, send, type HttpAnswer } from '../http/request.ts';
import { isGitHubRegistry } from './github-registry.ts';
import { hasErrorCode, refusalOf, RegistryRefusedError } from './errors.ts';
import type { RemoteReference } from './reference.ts';
import { z } from 'zod';

/** Docker Hub's registry answers under another name than it is known by. */
const DOCKER_HUB = { host: 'docker.io', api: 'registry-1.docker.io', login: 'index.docker.io' };

/** What is sent along. */
export interface Content {
  type: string;
  body: Blob;
}

/** How a client asks. */
export interface ClientOptions {
  /** Longest time without a byte, in milliseconds. */
  idleMs: number;
  /** Use no login, even where there is one. */
  anonymous?: boolean | undefined;
  /** What a token is asked for. */
  actions?: 'pull' | 'pull,push';
  /** Another repository that a blob is to be taken from. */
  mountFrom?: string;
}

interface Login {
  header: string;
  loggedIn: boolean;
}

/** Sends requests to one repository, with what login it needs. */
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
   * One try; undefined when the registry says that there is no such thing.
   * @param part what comes after the repository's path, or the address that an earlier answer gave
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
      // Of many requests that find a token missing or expired the first fetches a new one for all.
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
    // An answer to HEAD has no body, so it does not say which of the meanings of 403 it has: one to GET does.
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

  /** A login for all requests; one that fails is forgotten. */
  #logIn(challenge: Challenge): Promise<Login> {
    const { anonymous = false, idleMs, actions = 'pull', mountFrom } = this.#options;
    const logIn = async (): Promise<Login> => {
      const host = this.#isHub ? DOCKER_HUB.login : this.#repository.host;
      const credentials = anonymous ? undefined : await readCredentials(host);
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
 * GitHub's registry may answer 403 DENIED, not 404, to a login that may read packages when the package is not there
 * yet. If it is there after all and only hidden from this login, the push that follows is refused, and loses nothing.
 */
function isNeverPushed({ host }: RemoteReference, status: number, text: string, loggedIn: boolean): boolean {
  const isDenied = status === 403 && hasErrorCode(text, 'DENIED') && !isRateLimit(status, text);
  return isGitHubRegistry(host) && loggedIn && isDenied;
}

/** The token endpoint gives no token; the cause says why, to whoever cannot do without. */
class TokenRefusal extends Error {
  /** Whether it may be so because the package was never pushed. */
  readonly isNeverPushed: boolean;

  constructor(isNeverPushed: boolean, cause: Error) {
    super('no token', { cause });
    this.isNeverPushed = isNeverPushed;
  }
}

/** A loopback address may speak either: TLS is tried first, and plain HTTP when there is none. */
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

/** Node does not look at SSL_CERT_FILE, ORAS and Spack do: with this one setting is enough for all three. */
function trustCertificateFile(): void {
  const file = process.env['SSL_CERT_FILE'];
  if (!file) return;
  let certificates: string;
  try {
    certificates = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`SSL_CERT_FILE names ${file}, which cannot be read`, { cause });
  }
  // Node may give them with a line break at the end.
  const trusted = new Set(tls.getCACertificates('default').map((certificate) => certificate.trim()));
  const added = certificates.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  // Reading them all again takes a tenth of a second.
  if (!added.every((certificate) => trusted.has(certificate)))
    tls.setDefaultCACertificates([...trusted, ...added]);
}

/** What a registry wants to see before it answers: the parts of a `WWW-Authenticate` header. */
export interface Challenge {
  scheme: 'basic' | 'bearer';
  realm: string;
  service?: string | undefined;
}

/** A token has some kilobytes; nobody sends a megabyte of it. */
const TOKEN_LIMIT_BYTES = 2 ** 20;

const TokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Reads a `WWW-Authenticate` header; undefined when it asks for something else than Basic or Bearer. */
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
 * The `Authorization` header that answers a repository's challenge. Without a login it is a token
 * for everybody, if the registry gives those.
 */
export async function answerChallenge(
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

/** What a token is asked for, and how long for. */
type TokenOptions = Pick<Required<ClientOptions>, 'idleMs' | 'actions'> & { mountFrom?: string | undefined };

/** Source: Distribution's "Token Authentication Specification"; an identity token goes by OAuth 2. */
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
    // Which of the two GitHub answers for a package that is not there is not known for sure; without a login both
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

/** Undefined where there is none that a header can carry. */
function readToken(text: string): string | undefined {
  const answer = tryJson(text, TokenAnswer);
  const access = answer?.token ?? answer?.access_token;
  return access !== undefined && /^[\x21-\x7e]+$/.test(access) ? access : undefined;
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
