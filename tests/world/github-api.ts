import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { resolve } from 'node:path';
import { buildSchema, graphql, GraphQLError, type GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { git, commitOn, readObject } from './github-repository.ts';
import { findMisfit } from './github-openapi.ts';
import {
  answerFault,
  limited,
  MUTATION_FAULTS,
  NOT_ACCESSIBLE,
  rest as restError,
  TIMEOUT,
  type Answer,
  type Fault,
} from './github-refusals.ts';
import { createRest, type Issue, type RestRequest } from './github-rest.ts';
import { startServer } from './start-server.ts';

/** A stand-in for GitHub's API on top of a real bare repository. */
export interface GitHubApi {
  /** Value of GITHUB_API_URL, `http://127.0.0.1:PORT`. With `/graphql` added it is GITHUB_GRAPHQL_URL. */
  url: string;
  /** All answered requests, oldest first, such as `POST /graphql createCommitOnBranch`. */
  requests: string[];
  /** Answers the next requests with these faults, each used once. */
  fail(...faults: Fault[]): void;
  /** Answers one later request with this fault; the next request has number 0. */
  failAt(index: number, fault: Fault): void;
  issues: Issue[];
  /** Started runs, such as `deploy.yml on main`. */
  dispatches: string[];
  /** Commits whose push would start workflows if they were made with a personal token, not that of a run. */
  starting: string[];
  close(): Promise<void>;
}

const SCHEMA = resolve(import.meta.dirname, '../../node_modules/@octokit/graphql-schema/schema.graphql');
/** Source: GitHub's documentation, "Skipping workflow runs". */
const SKIP = /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]/;
const GraphqlRequest = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).default({}),
});

const CommitInput = z.object({
  input: z.object({
    branch: z.object({ repositoryNameWithOwner: z.string(), branchName: z.string() }),
    expectedHeadOid: z.string(),
    message: z.object({ headline: z.string(), body: z.string().nullish() }),
    fileChanges: z.object({
      additions: z.array(z.object({ path: z.string(), contents: z.string() })).default([]),
      deletions: z.array(z.object({ path: z.string() })).default([]),
    }),
  }),
});

export type Permissions = Record<string, 'read' | 'write'>;

/**
 * Requests an hour that GitHub's REST API accepts from the tokens of all runs of a repository. Source: "Primary
 * rate limit for GITHUB_TOKEN in GitHub Actions" in GitHub's "Rate limits for the REST API". The stand-in
 * never starts a new hour, since no test may take one.
 */
const MAX_REQUESTS = 1_000;

/** GitHub's schema, read only once: it has 70,000 lines. */
let schema: GraphQLSchema | undefined;

function readSchema(): GraphQLSchema {
  return (schema ??= buildSchema(readFileSync(SCHEMA, 'utf8'), { assumeValid: true }));
}

/**
 * Starts the API on a free port of 127.0.0.1. Queries are checked against GitHub's published schema. An
 * unknown request is answered with 501, which no client treats as success.
 * @param repositoryDir the bare repository behind `repository` (`owner/name`)
 */
export async function startGitHubApi(options: {
  repositoryDir: string;
  repository: string;
  /** Address of the site on GitHub Pages; Pages is off without it. */
  pagesUrl?: string;
  /** The only accepted token. */
  token?: string;
  /** The token's permissions, like a job's `permissions` (default: all, like a personal token). */
  permissions?: Permissions;
  /** Permissions of a token with a job after `#`, such as `TOKEN#Build/publish`. */
  permissionsOf?: (job: string) => Permissions;
  /** Whether the owner has disabled issues. */
  issuesOff?: boolean;
  /** Number of files above which a commit takes GitHub too long. */
  maxFiles?: number;
  /** Types of the ruleset rules for each branch. */
  rules?: string[];
  /** Answers REST requests before the stand-in does; returns false for unknown ones. */
  more?: (method: string, url: URL, body: string, response: ServerResponse) => Promise<boolean>;
}): Promise<GitHubApi> {
  const { repositoryDir, repository, token } = options;
  const faults: Fault[] = [];
  const unexpected: string[] = [];
  const misfits: string[] = [];
  let planned: { at: number; fault: Fault } | undefined;
  const requests: string[] = [];
  let restRequests = 0;
  const issues: Issue[] = [];
  const dispatches: string[] = [];
  const starting: string[] = [];
  const rest = createRest({
    ...options,
    issues,
    dispatches,
    hasBranch: async (name) => (await readObject(repositoryDir, `refs/heads/${name}`)) !== null,
  });

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, 500, { message: String(error) }));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const body = await text(request);
    const isMutation = /createCommitOnBranch\(/.test(body);
    requests.push(`${request.method} ${url.pathname}${isMutation ? ' createCommitOnBranch' : ''}`);
    const [shown, job] = request.headers.authorization?.replace(/^(bearer|token) /i, '').split('#') ?? [];
    const permissions = job === undefined ? options.permissions : options.permissionsOf?.(job);
    if (token !== undefined && shown !== token) return send(response, 401, restError('Bad credentials', 401));
    if (!request.headers['user-agent'])
      return send(response, 403, restError('Request forbidden by rules', 403));
    const fault = takeFault(isMutation);
    const isGraphql = url.pathname === '/graphql';
    if (!isGraphql) restRequests += 1;
    const refusal: Answer | undefined =
      answerFault(fault, isGraphql) ??
      (restRequests > MAX_REQUESTS && !isGraphql ? limited(false) : undefined) ??
      (isGraphql ? undefined : refusePermission(permissions, request.method ?? '', url.pathname));
    if (refusal) return send(response, refusal.status, refusal.body, refusal.headers);
    if (url.pathname === '/graphql') return answerGraphql(body, response, permissions, fault);
    holdAgainstDescription(request.method ?? '', url.pathname, response);
    return answerRest({ method: request.method ?? '', url, body }, response);
  }

  function takeFault(isMutation: boolean): Fault | undefined {
    if (planned) {
      planned.at -= 1;
      if (planned.at < 0) {
        const { fault } = planned;
        planned = undefined;
        return fault;
      }
    }
    const index = faults.findIndex((fault) => isMutation || !isForMutation(fault));
    return index < 0 ? undefined : faults.splice(index, 1)[0];
  }

  function refusePermission(
    permissions: Permissions | undefined,
    method: string,
    path: string,
  ): Answer | undefined {
    const needed = permissionOf(method, path);
    if (!permissions || !needed) return undefined;
    const [name = '', level] = needed.split('=');
    const granted = permissions[name];
    if (granted === 'write' || (granted === 'read' && level === 'read')) return undefined;
    const headers = { 'x-accepted-github-permissions': needed };
    return { status: 403, body: restError(NOT_ACCESSIBLE, 403), headers };
  }

  /** Checks every response against GitHub's description; a mismatch fails the test when the API closes. */
  function holdAgainstDescription(method: string, path: string, response: ServerResponse): void {
    const { write, end } = response;
    const chunks: Buffer[] = [];
    const keep = (chunk: unknown): void => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    };
    response.write = ((...args: unknown[]) => {
      keep(args[0]);
      return Reflect.apply(write, response, args);
    }) as typeof write;
    response.end = ((...args: unknown[]) => {
      keep(args[0]);
      // 501 is the stand-in's own response to unknown requests.
      if (response.statusCode !== 501) {
        const misfit = findMisfit(method, path, response.statusCode, Buffer.concat(chunks).toString());
        if (misfit !== undefined) misfits.push(misfit);
      }
      response.write = write;
      return Reflect.apply(end, response, args);
    }) as typeof end;
  }

  async function answerGraphql(
    body: string,
    response: ServerResponse,
    permissions?: Permissions,
    fault?: Fault,
  ): Promise<void> {
    const { query, variables } = GraphqlRequest.parse(JSON.parse(body));
    const rootValue = {
      repository: ({ owner, name }: { owner: string; name: string }) => {
        if (`${owner}/${name}` !== repository) throw typed('NOT_FOUND', `no repository ${owner}/${name}`);
        return {
          ref: async ({ qualifiedName }: { qualifiedName: string }) => {
            const oid = await readObject(repositoryDir, qualifiedName);
            return oid && { target: { __typename: 'Commit', oid: oid.oid } };
          },
          object: async ({ expression }: { expression: string }) => readObject(repositoryDir, expression),
        };
      },
      createCommitOnBranch: async (given: unknown) => {
        const { input } = CommitInput.parse(given);
        if (input.branch.repositoryNameWithOwner !== repository)
          throw typed('NOT_FOUND', 'no such repository');
        if (fault === 'forbidden' || (permissions && permissions['contents'] !== 'write')) {
          throw typed('FORBIDDEN', NOT_ACCESSIBLE);
        }
        const rule = Object.entries(MUTATION_FAULTS).find(([name]) => name === fault);
        if (rule) throw typed(rule[1][0], rule[1][1]);
        if (fault === 'race') {
          const { branchName } = input.branch;
          const other = '0'.repeat(40);
          throw typed(
            'UNPROCESSABLE',
            `Ref refs/heads/${branchName} is at ${other} but expected ${input.expectedHeadOid}`,
          );
        }
        checkFiles(input.fileChanges);
        const oid = fault === 'stale' ? undefined : await commitOn(repositoryDir, input);
        if (!oid) {
          // GitHub's message has two spaces.
          throw typed(
            'STALE_DATA',
            `Expected branch to point to "${input.expectedHeadOid}" but it did not.  Pull and try again.`,
          );
        }
        if (!SKIP.test(`${input.message.headline}\n${input.message.body ?? ''}`)) starting.push(oid);
        return { commit: { oid, url: `https://github.com/${repository}/commit/${oid}` } };
      },
    };
    const sent = CommitInput.safeParse(variables).data?.input.fileChanges;
    const isTooLarge = sent && sent.additions.length + sent.deletions.length > (options.maxFiles ?? Infinity);
    if (isTooLarge || fault === 'timeout') return send(response, TIMEOUT.status, TIMEOUT.body);
    const result = await graphql({
      schema: readSchema(),
      source: query,
      rootValue,
      variableValues: variables,
    });
    if (fault === 'lost answer') return send(response, 502, { message: 'Server Error' });
    // GitHub puts an error's type next to its message; graphql-js puts it below `extensions`.
    const errors = result.errors?.map((error) => ({
      message: error.message,
      path: error.path,
      ...(error.extensions['type'] ? { type: error.extensions['type'] } : {}),
    }));
    send(response, 200, errors ? { data: result.data, errors } : { data: result.data });
  }

  async function answerRest(request: RestRequest, response: ServerResponse): Promise<void> {
    const { method, url, body } = request;
    if (await options.more?.(method, url, body, response)) return;
    const answer = await rest(request);
    if (answer) return send(response, answer.status, answer.body);
    unexpected.push(`${method} ${url.pathname}`);
    send(response, 501, { message: `the stand-in does not know ${method} ${url.pathname}` });
  }

  await git(repositoryDir, ['rev-parse', '--git-dir']);
  const url = await startServer(server);
  return {
    url,
    requests,
    fail: (...more) => faults.push(...more),
    failAt: (at, fault) => {
      planned = { at, fault };
    },
    issues,
    dispatches,
    starting,
    close: async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
      // A client may treat 501 as "unknown" and continue, but the test must fail.
      if (misfits.length > 0) throw new Error(`the stand-in is not like GitHub: ${misfits.join('\n')}`);
      if (unexpected.length > 0) throw new Error(`the stand-in does not know ${unexpected.join(', ')}`);
    },
  };
}

function isForMutation(fault: Fault): boolean {
  const others = ['stale', 'race', 'lost answer', 'timeout'];
  return typeof fault === 'string' && (fault in MUTATION_FAULTS || others.includes(fault));
}

/** Permission that a request needs. Source: GitHub's "Permissions required for GitHub Apps". */
function permissionOf(method: string, path: string): string | undefined {
  const level = method === 'GET' ? 'read' : 'write';
  if (/^\/(users|orgs)\/[^/]+\/packages\//.test(path)) return `packages=${level}`;
  const part = path.replace(/^\/repos\/[^/]+\/[^/]+\/?/, '');
  if (/^(issues|labels)\b/.test(part)) return `issues=${level}`;
  if (/^pages\b/.test(part)) return `pages=${level}`;
  if (/^actions\//.test(part)) return `actions=${level}`;
  if (/^(branches|git)\//.test(part)) return `contents=${level}`;
  // The repository itself and its rules need `metadata`, which each token has.
  return undefined;
}

/** Source: the descriptions of FileChanges, FileAddition and FileDeletion in GitHub's schema. */
function checkFiles({
  additions,
  deletions,
}: {
  additions: { path: string; contents: string }[];
  deletions: { path: string }[];
}): void {
  const paths = [...additions, ...deletions].map(({ path }) => path);
  if (new Set(paths).size < paths.length) throw new GraphQLError('a path stands twice');
  if (paths.some((path) => path.startsWith('/'))) throw new GraphQLError('a path begins with a slash');
  for (const { path, contents } of additions) {
    if (Buffer.from(contents, 'base64').toString('base64') !== contents)
      throw new GraphQLError(`${path}: no base64`);
  }
  if (paths.some((path) => path.startsWith('.github/workflows/'))) {
    throw typed(
      'FORBIDDEN',
      'refusing to allow a GitHub App to create or update workflow without `workflows` permission',
    );
  }
}

function typed(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

function send(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  const isPage = typeof body === 'string';
  const type = isPage ? 'text/html' : 'application/json; charset=utf-8';
  const limits = {
    'x-ratelimit-limit': '1000',
    'x-ratelimit-remaining': '999',
    'x-github-request-id': 'C0AD:1015',
  };
  response.writeHead(status, { 'content-type': type, ...limits, ...headers });
  response.end(isPage ? body : JSON.stringify(body));
}
