import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { resolve } from 'node:path';
import { buildSchema, graphql, GraphQLError } from 'graphql';
import { z } from 'zod';
import { git, commitOn, readObject } from './github-repository.ts';

/** A stand-in of GitHub's API over a real bare repository. */
export interface GitHubApi {
  /** `http://127.0.0.1:PORT`: GITHUB_API_URL. GITHUB_GRAPHQL_URL is this with `/graphql`. */
  url: string;
  /** Every request that was answered, oldest first: `POST /graphql createCommitOnBranch`. */
  requests: string[];
  /** The next answers are these faults instead; each is used once. */
  fail(...faults: Fault[]): void;
  issues: Issue[];
  /** Runs that were started: `deploy.yml on main`. */
  dispatches: string[];
  close(): Promise<void>;
}

/** What the stand-in answers instead of the truth. */
export type Fault =
  /** Another commit came first: only for a mutation. */
  | 'stale'
  /** The branch's rules refuse: only for a mutation. */
  | 'rule'
  /** The token may not write. */
  | 'forbidden'
  /** 403 with GitHub's secondary rate limit. */
  | 'slow down'
  | 429
  | 502
  /** The commit is made, and the answer is a 502 all the same: only for a mutation. */
  | 'lost answer';

export interface Issue {
  number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  labels: string[];
}

const SCHEMA = resolve(import.meta.dirname, '../../node_modules/@octokit/graphql-schema/schema.graphql');

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

/**
 * Starts it on a free port of 127.0.0.1. Queries are checked against GitHub's published schema; a request that it
 * does not know is answered with 501, which no client takes for success.
 * @param repositoryDir the bare repository behind `repository` (`owner/name`)
 * @param trees further trees that it lists: `owner/name` to the answer's entries
 */
export async function startGitHubApi(options: {
  repositoryDir: string;
  repository: string;
  trees?: Record<string, unknown>;
  /** Where GitHub Pages serves the site; absent: Pages is not switched on. */
  pagesUrl?: string;
  /** Only this token is taken. */
  token?: string;
}): Promise<GitHubApi> {
  const { repositoryDir, repository, token } = options;
  const schema = buildSchema(readFileSync(SCHEMA, 'utf8'), { assumeValid: true });
  const faults: Fault[] = [];
  const requests: string[] = [];
  const issues: Issue[] = [];
  const dispatches: string[] = [];

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, 500, { message: String(error) }));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const body = await text(request);
    const isMutation = /createCommitOnBranch\(/.test(body);
    requests.push(`${request.method} ${url.pathname}${isMutation ? ' createCommitOnBranch' : ''}`);
    const shown = request.headers.authorization?.replace(/^(bearer|token) /i, '');
    if (token !== undefined && shown !== token) return send(response, 401, { message: 'Bad credentials' });
    const fault = takeFault(isMutation);
    if (fault === 429) return send(response, 429, { message: 'too many' }, { 'retry-after': '0' });
    if (fault === 502) return send(response, 502, { message: 'Server Error' });
    if (fault === 'slow down') {
      return send(response, 403, { message: 'You have exceeded a secondary rate limit.' });
    }
    if (fault === 'forbidden') {
      return send(response, 403, { message: 'Resource not accessible by integration' });
    }
    if (url.pathname === '/graphql') return answerGraphql(body, response, fault);
    return answerRest(request.method ?? '', url, body, response);
  }

  function takeFault(isMutation: boolean): Fault | undefined {
    const index = faults.findIndex(
      (fault) => isMutation || (fault !== 'stale' && fault !== 'rule' && fault !== 'lost answer'),
    );
    return index < 0 ? undefined : faults.splice(index, 1)[0];
  }

  async function answerGraphql(body: string, response: ServerResponse, fault?: Fault): Promise<void> {
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
        if (fault === 'rule') {
          throw typed(
            'UNPROCESSABLE',
            'Repository rule violations found\n\nChanges must be made through a pull request.\n',
          );
        }
        const oid = fault === 'stale' ? undefined : await commitOn(repositoryDir, input);
        if (!oid) {
          throw typed(
            'STALE_DATA',
            `Expected branch to point to "${input.expectedHeadOid}" but it did not. Pull and try again.`,
          );
        }
        return { commit: { oid, url: `https://github.com/${repository}/commit/${oid}` } };
      },
    };
    const result = await graphql({ schema, source: query, rootValue, variableValues: variables });
    if (fault === 'lost answer') return send(response, 502, { message: 'Server Error' });
    // GitHub puts an error's type beside its message; graphql-js has it below extensions.
    const errors = result.errors?.map((error) => ({
      message: error.message,
      path: error.path,
      ...(error.extensions['type'] ? { type: error.extensions['type'] } : {}),
    }));
    send(response, 200, errors ? { data: result.data, errors } : { data: result.data });
  }

  async function answerRest(method: string, url: URL, body: string, response: ServerResponse): Promise<void> {
    const [, owner, name, rest = ''] = /^\/repos\/([^/]+)\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? [];
    const tree = options.trees?.[`${owner}/${name}`];
    if (method === 'GET' && rest.startsWith('git/trees/') && tree) return send(response, 200, tree);
    if (method === 'GET' && rest === 'pages') {
      const { pagesUrl } = options;
      if (pagesUrl === undefined) return send(response, 404, { message: 'Not Found' });
      return send(response, 200, { html_url: pagesUrl, build_type: 'workflow' });
    }
    if (method === 'GET' && rest === '' && `${owner}/${name}` === repository) {
      return send(response, 200, {
        id: 4711,
        full_name: repository,
        default_branch: 'main',
        private: false,
        fork: false,
        owner: { type: 'User' },
        has_pages: options.pagesUrl !== undefined,
        has_issues: true,
      });
    }
    const [, workflow] = /^actions\/workflows\/([^/]+)\/dispatches$/.exec(rest) ?? [];
    if (method === 'POST' && workflow) {
      const { ref } = z.object({ ref: z.string() }).parse(JSON.parse(body));
      dispatches.push(`${workflow} on ${ref}`);
      response.writeHead(204).end();
      return;
    }
    if (method === 'GET' && rest === 'labels') return send(response, 200, []);
    if (method === 'POST' && rest === 'labels') return send(response, 201, {});
    const [, number] = /^issues\/(\d+)$/.exec(rest) ?? [];
    if (method === 'GET' && rest === 'issues') {
      const labels = url.searchParams.get('labels')?.split(',') ?? [];
      const state = url.searchParams.get('state') ?? 'open';
      return send(
        response,
        200,
        issues.filter(
          (issue) =>
            (state === 'all' || issue.state === state) &&
            labels.every((label) => issue.labels.includes(label)),
        ),
      );
    }
    if (method === 'POST' && rest === 'issues') {
      const given = z
        .object({ title: z.string(), body: z.string(), labels: z.array(z.string()).default([]) })
        .parse(JSON.parse(body));
      const issue: Issue = { number: issues.length + 1, state: 'open', ...given };
      issues.push(issue);
      return send(response, 201, issue);
    }
    if (method === 'POST' && /^issues\/\d+\/comments$/.test(rest)) return send(response, 201, { id: 1 });
    const issue = issues.find((each) => String(each.number) === number);
    if (method === 'PATCH' && issue) {
      Object.assign(issue, z.object({ state: z.enum(['open', 'closed']) }).parse(JSON.parse(body)));
      return send(response, 200, issue);
    }
    send(response, 501, { message: `the stand-in does not know ${method} ${url.pathname}` });
  }

  await git(repositoryDir, ['rev-parse', '--git-dir']);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    fail: (...more) => faults.push(...more),
    issues,
    dispatches,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function typed(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

function send(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}
