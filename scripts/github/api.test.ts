import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { listen } from '../../tests/world/faulty-proxy.ts';
import { openGitHub, type GitHub } from './api.ts';
import { BusyError, GitHubRefusedError, RuleError, StaleHeadError } from './errors.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 5;

const Answer = z.object({ id: z.number() });
const ROUTE = 'GET /repos/{owner}/{repo}/pages';
const servers: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

interface Reply {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Opens the API of a server that gives these answers in order, repeating the last; a second is 5 ms. */
async function openAgainst(
  replies: (Reply | ((request: IncomingMessage, response: ServerResponse) => void))[],
  options: Parameters<typeof openGitHub>[1] = {},
): Promise<GitHub & { asked: string[]; logins: (string | undefined)[] }> {
  const asked: string[] = [];
  const logins: (string | undefined)[] = [];
  const server = await listen((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    logins.push(request.headers.authorization);
    const reply = replies[Math.min(asked.length, replies.length) - 1] ?? {};
    if (typeof reply === 'function') return reply(request, response);
    const { status = 200, body = { id: 1 }, headers = {} } = reply;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  servers.push(server);
  const environment = {
    GITHUB_REPOSITORY: 'owner/repo',
    GITHUB_TOKEN: 'secret',
    GITHUB_API_URL: `http://${server.host}`,
    GITHUB_GRAPHQL_URL: `http://${server.host}/graphql`,
  };
  return { ...openGitHub(environment, options), asked, logins };
}

test.each([
  [{}],
  [{ GITHUB_TOKEN: 'x' }],
  [{ GITHUB_TOKEN: 'x', GITHUB_REPOSITORY: 'owner' }],
  [{ GITHUB_TOKEN: 'x', GITHUB_REPOSITORY: 'owner/repo/more' }],
  [{ GITHUB_REPOSITORY: 'owner/repo' }],
])('says what to set when it lacks it: %o', (environment) => {
  expect(() => openGitHub(environment)).toThrow(/set GITHUB_REPOSITORY to owner\/repo, and GITHUB_TOKEN/);
});

test('fills in the repository, and sends the token', async () => {
  const github = await openAgainst([{}]);
  expect(await github.call(ROUTE, { per_page: 100 }, Answer)).toEqual({ id: 1 });
  expect(github.asked).toEqual(['GET /repos/owner/repo/pages?per_page=100']);
  expect(github.logins).toEqual(['Bearer secret']);
});

test('reports an answer of another shape', async () => {
  const github = await openAgainst([{ body: { id: 'one' } }]);
  await expect(github.call(ROUTE, {}, Answer)).rejects.toThrow(
    /^GET \/repos\/\{owner\}\/\{repo\}\/pages: GitHub's answer is not as documented/,
  );
});

test.each([408, 500, 502, 503, 504])('retries after %i, four times', async (status) => {
  const passing = await openAgainst([{ status }, { status, body: '<html>Unicorn</html>' }, {}]);
  expect(await passing.call(ROUTE, {}, Answer)).toEqual({ id: 1 });
  const lasting = await openAgainst([{ status, body: { message: 'Server Error' } }]);
  const failing = lasting.call(ROUTE, {}, Answer);
  await expect(failing).rejects.toThrow(`GitHub failed (${status}): Server Error; run it again later`);
  await expect(failing).rejects.toBeInstanceOf(BusyError);
  expect(lasting.asked).toHaveLength(5);
});

test('does not repeat a request that must not be repeated', async () => {
  const github = await openAgainst([{ status: 502 }]);
  await expect(github.call('POST /x', {}, Answer, { canRepeat: false })).rejects.toBeInstanceOf(BusyError);
  expect(github.asked).toHaveLength(1);
});

test('reports a server that does not answer', async () => {
  const github = await openAgainst([() => undefined], { timeoutMs: 50 });
  await expect(github.call(ROUTE, {}, Answer, { canRepeat: false })).rejects.toThrow(
    /does not answer: .*run it again later/,
  );
  const cut = await openAgainst([({ socket }) => void socket.destroy(), {}]);
  expect(await cut.call(ROUTE, {}, Answer)).toEqual({ id: 1 });
});

test('follows a redirect on its own host with the token, and no other', async () => {
  const away = await openAgainst([{ status: 307, headers: { location: 'https://elsewhere.example/x' } }]);
  await expect(away.call(ROUTE, {}, Answer)).rejects.toThrow(
    /redirects to another host, elsewhere\.example, which does not get the token/,
  );
  const moved = await openAgainst([{ status: 301, headers: { location: '/repositories/1/pages' } }, {}]);
  expect(await moved.call(ROUTE, {}, Answer)).toEqual({ id: 1 });
  expect(moved.logins).toEqual(['Bearer secret', 'Bearer secret']);
});

test.each<[string, Reply]>([
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }],
  ['429 without', { status: 429, body: { message: 'slow down' } }],
  ['a secondary limit', { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } }],
  ['the old words', { status: 403, body: { message: 'You have triggered an abuse detection mechanism.' } }],
])('waits and asks again after %s', async (_, reply) => {
  const github = await openAgainst([reply, {}]);
  expect(await github.call(ROUTE, {}, Answer)).toEqual({ id: 1 });
  expect(github.asked).toHaveLength(2);
});

test.each<[string, object]>([
  [
    'a secondary limit with status 200',
    { message: 'You have exceeded a secondary rate limit. Please wait.' },
  ],
  ['RATE_LIMITED', { type: 'RATE_LIMITED', message: 'API rate limit exceeded' }],
  [
    'RATE_LIMIT',
    { type: 'RATE_LIMIT', code: 'graphql_rate_limit', message: 'API rate limit already exceeded' },
  ],
])('waits and asks GraphQL again after %s', async (_, error) => {
  // The limit is used up until a second from now.
  const reset = { 'x-ratelimit-reset': String(Math.floor(Date.now() / 1_000) + 1) };
  const github = await openAgainst([
    { body: { errors: [error] }, headers: reset },
    { body: { data: { id: 1 } } },
  ]);
  expect(await github.ask('query { id }', {}, Answer)).toEqual({ id: 1 });
  expect(github.asked).toEqual(['POST /graphql', 'POST /graphql']);
});

test('reports an exhausted rate limit, and waits for its end only if told to', async () => {
  const reset = Math.floor(Date.now() / 1_000) + 1_800;
  const time = new Date(reset * 1_000).toISOString().slice(11, 16);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
  const body = { message: 'API rate limit exceeded for installation.' };
  const github = await openAgainst([{ status: 403, body, headers }]);
  await expect(github.call(ROUTE, {}, Answer)).rejects.toThrow(
    `GitHub accepts no more requests for now: API rate limit exceeded for installation.; run it again after ${time} UTC`,
  );
  expect(github.asked).toHaveLength(1);
  pace.secondMs = 0.1;
  const patient = await openAgainst([{ status: 403, body, headers }, {}], { isPatient: true });
  expect(await patient.call(ROUTE, {}, Answer)).toEqual({ id: 1 });
  expect(patient.asked).toHaveLength(2);
  pace.secondMs = 5;
});

test.each<[string, Reply, string]>([
  ['a bad token', { status: 401, body: { message: 'Bad credentials' } }, 'set GITHUB_TOKEN to a valid one'],
  [
    'a job without the permission',
    {
      status: 403,
      body: { message: 'Resource not accessible by integration' },
      headers: { 'x-accepted-github-permissions': 'issues=write; pull_requests=write' },
    },
    'the job needs "permissions: issues: write"',
  ],
  [
    'what is not there',
    { status: 404, body: { message: 'Not Found' } },
    'GET /repos/owner/repo/pages: GitHub refuses (404): Not Found',
  ],
  [
    'issues that are off',
    { status: 410, body: { message: 'Issues has been disabled in this repository.' } },
    '(410): Issues has been disabled',
  ],
  [
    'a page',
    { status: 404, body: '<html><style>p{}</style><body><h1>Whoops</h1></body></html>' },
    'GitHub refuses (404): Whoops',
  ],
])('says what a refusal means: %s', async (_, reply, sentence) => {
  const github = await openAgainst([reply]);
  const refused = github.call(ROUTE, {}, Answer);
  await expect(refused).rejects.toThrow(sentence);
  await expect(refused).rejects.toBeInstanceOf(GitHubRefusedError);
  await expect(refused).rejects.toMatchObject({ status: reply.status });
  expect(github.asked).toHaveLength(1);
});

test.each<[string, typeof StaleHeadError | typeof GitHubRefusedError]>([
  ['Expected branch to point to "a" but it did not.  Pull and try again.', StaleHeadError],
  [`Ref refs/heads/main is at ${'0'.repeat(40)} but expected ${'1'.repeat(40)}`, StaleHeadError],
  ['A path was requested for deletion which does not exist as of commit oid `1`', StaleHeadError],
  ['Repository rule violations found\n\n3 of 3 required status checks are expected.\n\n', RuleError],
  ["protected branch 'main' check failed:\n  Changes must be made through a pull request.", RuleError],
  ['At least 1 approving review is required by reviewers with write access.', RuleError],
  ['Resource not accessible by integration', GitHubRefusedError],
  ['Something went wrong while executing your query. This may be the result of a timeout', BusyError],
])('tells GraphQL refusals apart: %s', async (message, kind) => {
  // GitHub's own faults have no type; rules and refusals have the same type.
  const types = new Map([
    ['Expected', 'STALE_DATA'],
    ['Something', undefined],
  ]);
  const word = message.split(' ')[0] ?? '';
  const type = types.has(word) ? types.get(word) : 'FORBIDDEN';
  const github = await openAgainst([{ body: { data: null, errors: [{ type, message }] } }]);
  await expect(github.ask('query { id }', {}, Answer)).rejects.toBeInstanceOf(kind);
});

test('accepts the result of a mutation although a field of its answer failed', async () => {
  const github = await openAgainst([{ body: { data: { id: 7 }, errors: [{ message: 'no such field' }] } }]);
  expect(await github.ask('mutation { id }', {}, Answer)).toEqual({ id: 7 });
});
