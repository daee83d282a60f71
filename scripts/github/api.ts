import { Octokit } from '@octokit/core';
import { GraphqlResponseError } from '@octokit/graphql';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import Bottleneck from 'bottleneck';
import { z, type ZodType } from 'zod';
import { RequestError } from '@octokit/request-error';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { explainRefusal } from './errors.ts';
import { pace } from '../http/retry.ts';

/** Longest wait for an answer. */
const TIMEOUT_MS = 60_000;
const RETRIES = 4;
/** Maximum wait at GitHub's request: GitHub may ask for an hour, but most jobs lose nothing when they fail. */
const MAX_WAIT_S = 120;
/** Maximum wait when the builds of a run depend on the request: an hour, with some seconds to spare. */
const PATIENT_WAIT_S = 3_660;
/** Maximum number of waits for one request. */
const MAX_WAITS = 3;

/** GitHub's REST and GraphQL APIs, with the retries and the request rate that GitHub asks for. */
export interface Api {
  /**
   * Calls the REST API and checks the answer.
   * @param route method and path as in GitHub's documentation: `GET /repos/{owner}/{repo}/pages`
   * @param parameters values for the names in braces; others go into the query of a GET, otherwise into the
   * body
   * @throws errors from `explainRefusal`
   */
  call<T>(route: string, parameters: Parameters, schema: ZodType<T>, options?: CallOptions): Promise<T>;
  /** Calls the GraphQL API and checks the answer. Throws errors from `explainRefusal`. */
  ask<T>(
    query: string,
    variables: Record<string, unknown>,
    schema: ZodType<T>,
    options?: CallOptions,
  ): Promise<T>;
}

/** The API for one repository, with `{owner}` and `{repo}` of a route filled in. */
export interface GitHub extends Api {
  owner: string;
  name: string;
}

type Parameters = Record<string, string | number | boolean | object | undefined>;

interface CallOptions {
  /**
   * False for a request that must not be repeated: when its answer is lost, the caller gets a `BusyError` and
   * checks whether it was done.
   */
  canRepeat?: boolean;
}

/** Options of the API. */
interface ApiOptions {
  timeoutMs?: number | undefined;
  /** Whether to wait until the hourly limit of requests ends. */
  isPatient?: boolean;
}

/** Opens the API for the repository in `GITHUB_REPOSITORY`, with `GITHUB_TOKEN`. */
export function openGitHub(environment: ProcessEnvironment, options: ApiOptions = {}): GitHub {
  const [owner = '', name = '', ...rest] = environment['GITHUB_REPOSITORY']?.split('/') ?? [];
  if (!environment['GITHUB_TOKEN'] || !owner || !name || rest.length > 0) {
    throw new Error(
      'this command talks to GitHub: set GITHUB_REPOSITORY to owner/repo, and GITHUB_TOKEN to a token that may write to it ' +
        '(on a laptop: GITHUB_TOKEN="$(gh auth token)")',
    );
  }
  const { call, ask } = openApi(environment, options);
  return {
    owner,
    name,
    ask,
    call: (route, parameters, schema, callOptions) =>
      call(route, { owner, repo: name, ...parameters }, schema, callOptions),
  };
}

/** Opens the API at `GITHUB_API_URL` and `GITHUB_GRAPHQL_URL`, with `GITHUB_TOKEN` if it is set. */
export function openApi(environment: ProcessEnvironment, options: ApiOptions = {}): Api {
  const token = environment['GITHUB_TOKEN'];
  const restUrl = (environment['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, '');
  const graphqlUrl = (environment['GITHUB_GRAPHQL_URL'] || `${restUrl}/graphql`).replace(/\/graphql\/?$/, '');
  const octokit = openOctokit(restUrl, options);
  // Octokit's own `auth` sends "token", but a proxy in front of GitHub may only accept "Bearer".
  const login = token ? { authorization: `Bearer ${token}` } : {};

  return {
    async call(route, parameters, schema, { canRepeat = true } = {}) {
      let data: unknown;
      try {
        const headers = { ...login, 'x-github-api-version': '2022-11-28' };
        const request = canRepeat ? {} : { retries: 0 };
        ({ data } = await octokit.request(route, { ...parameters, headers, request }));
      } catch (error) {
        throw explainRefusal(error);
      }
      return parseAnswer(route, data, schema);
    },
    async ask(query, variables, schema, { canRepeat = true } = {}) {
      let answer: unknown;
      try {
        const request = canRepeat ? {} : { retries: 0 };
        answer = await octokit.graphql(query, { ...variables, baseUrl: graphqlUrl, headers: login, request });
      } catch (error) {
        // A mutation may succeed although a field of its answer failed: use the requested data even with an
        // error.
        const partial = schema.safeParse(error instanceof GraphqlResponseError ? error.data : undefined);
        if (partial.success) return partial.data;
        throw explainRefusal(error);
      }
      return parseAnswer('GraphQL', answer, schema);
    },
  };
}

function openOctokit(
  baseUrl: string,
  { timeoutMs = TIMEOUT_MS, isPatient = false }: ApiOptions,
): InstanceType<typeof ThrottledOctokit> {
  const { secondMs } = pace;
  const mayWait = waitAtMost(isPatient ? PATIENT_WAIT_S : MAX_WAIT_S);
  // GitHub asks for one second between changes, and three if somebody is notified.
  const paced = (seconds: number): Bottleneck.Group =>
    new Bottleneck.Group({ maxConcurrent: 1, minTime: seconds * secondMs });
  return new ThrottledOctokit({
    baseUrl,
    userAgent: 'spack-build-cache',
    request: { fetch: (url: string, init: RequestInit) => fetchOnce(url, init, timeoutMs) },
    // The throttling plugin handles 429; repeating a request does not change the others.
    retry: {
      retries: RETRIES,
      retryAfterBaseValue: secondMs,
      doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451, 501],
    },
    throttle: {
      write: paced(1),
      notifications: paced(3),
      retryAfterBaseValue: secondMs,
      onRateLimit: mayWait,
      onSecondaryRateLimit: mayWait,
    },
  });
}

function parseAnswer<T>(what: string, data: unknown, schema: ZodType<T>): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new Error(`${what}: GitHub's answer is not as documented; run it again later`, {
    cause: result.error,
  });
}

// The first plugin is the innermost: it sees an answer before the two that act on it.
const ThrottledOctokit = Octokit.plugin(nameLimits, retry, throttling);

/** Decides whether to wait for a limit of requests; `waits` is the number of waits so far. */
function waitAtMost(maxSeconds: number) {
  return (seconds: number, _options: object, _octokit: object, waits: number): boolean => {
    if (seconds > maxSeconds || waits >= MAX_WAITS) return false;
    console.error(`GitHub asks to wait ${seconds} s: too many requests`);
    return true;
  };
}

/** Reads an answer completely: Octokit would accept one that was cut off. */
async function readWhole(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const body = await response.arrayBuffer();
  return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
}

/**
 * One try, with its own time limit. Follows a redirect only on the API's own host, and repeats the request
 * there.
 */
async function fetchOnce(url: string, init: RequestInit, timeoutMs: number): Promise<Response> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { ...init, redirect: 'manual', signal });
  const location = response.headers.get('location');
  if (![301, 302, 307, 308].includes(response.status) || !location) return readWhole(response);
  const target = new URL(location, url);
  await response.body?.cancel();
  if (target.origin !== new URL(url).origin) {
    // An answer, since an error thrown here would count as a failed connection.
    return Response.json(
      { message: `it redirects to another host, ${target.host}, which does not get the token` },
      { status: 400 },
    );
  }
  return readWhole(await fetch(target, { ...init, redirect: 'error', signal }));
}

/**
 * A plugin for Octokit that rewrites each rate limit refusal into the form that `@octokit/plugin-throttling`
 * knows. That plugin does not know GraphQL's type `RATE_LIMIT`, a secondary limit with status 200, and a 429
 * without GitHub's usual message.
 * Sources: GitHub's "Rate limits and query limits for the GraphQL API"; octokit/plugin-throttling#636.
 */
function nameLimits(octokit: Octokit): void {
  octokit.hook.wrap('request', async (request, options) => {
    const response = await (async () => request(options))().catch((error: unknown) => {
      throw error instanceof RequestError ? nameRestLimit(error) : error;
    });
    const refusal = graphqlRefusal(response.data);
    if (!refusal) return response;
    // The header is set regardless of the count, since the request was refused for it.
    const headers = { ...response.headers, ...(refusal.isPrimary ? { 'x-ratelimit-remaining': '0' } : {}) };
    throw new RequestError(refusal.message, 403, { request: options, response: { ...response, headers } });
  });
}

/** Text by which the throttling plugin recognizes a secondary limit. */
const SECONDARY = 'secondary rate limit';

function nameRestLimit(error: RequestError): RequestError {
  const { status, message, response } = error;
  const isRefusal = status === 429 || (status === 403 && /rate limit|abuse/i.test(message));
  const isKnown = /\bsecondary rate\b/i.test(message) || response?.headers['x-ratelimit-remaining'] === '0';
  if (isRefusal && !isKnown) error.message = `${message} (${SECONDARY})`;
  return error;
}

/** The errors in an answer of GraphQL. */
const GraphqlAnswer = z.object({
  errors: z.array(z.object({ type: z.unknown().optional(), message: z.string().catch('') })),
});

function graphqlRefusal(data: unknown): { message: string; isPrimary: boolean } | undefined {
  for (const { type, message } of GraphqlAnswer.safeParse(data).data?.errors ?? []) {
    if (/\bsecondary rate\b|abuse detection/i.test(message)) {
      return {
        message: /\bsecondary rate\b/i.test(message) ? message : `${message} (${SECONDARY})`,
        isPrimary: false,
      };
    }
    if (type === 'RATE_LIMIT' || type === 'RATE_LIMITED' || /\brate limit\b/i.test(message)) {
      return { message, isPrimary: true };
    }
  }
  return undefined;
}
