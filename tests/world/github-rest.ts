import { z } from 'zod';
import { sampleAnswer } from './github-openapi.ts';
import { rest as restError, type Answer } from './github-refusals.ts';
import { Dispatch, refuseDispatch } from './workflow-dispatch.ts';

/** An issue of the stand-in, with the properties that tests use. */
export interface Issue {
  number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  labels: string[];
}

export interface RestRequest {
  method: string;
  url: URL;
  body: string;
}

interface RestOptions {
  repository: string;
  pagesUrl?: string;
  issuesOff?: boolean;
  rules?: string[];
  issues: Issue[];
  dispatches: string[];
  hasBranch(name: string): Promise<boolean>;
}

const REPOSITORY = '/repos/{owner}/{repo}';

/** GitHub's complete response for a repository, with some properties replaced. */
export function repositoryAnswer(
  fullName: string,
  facts: object,
  type: 'User' | 'Organization' = 'User',
): object {
  const [login = '', name = ''] = fullName.split('/');
  const sample = sampleAnswer('GET', REPOSITORY);
  const owner = { ...(sample['owner'] as object), login, type };
  const own = {
    id: 4711,
    name,
    full_name: fullName,
    default_branch: 'main',
    private: false,
    fork: false,
    owner,
  };
  // GitHub's example is a fork, and lacks the language that its schema requires.
  const noFork = { parent: undefined, source: undefined, template_repository: undefined, language: null };
  return { ...sample, ...noFork, ...own, has_pages: false, has_issues: true, ...facts };
}

/** Response for a repository's GitHub Pages site built by workflows. */
export function pagesAnswer(url: string): object {
  return sampleAnswer('GET', `${REPOSITORY}/pages`, { html_url: url, build_type: 'workflow' });
}

/** Answers requests to GitHub's REST API for one repository; undefined for unknown ones. */
export function createRest(options: RestOptions): (request: RestRequest) => Promise<Answer | undefined> {
  const { repository, issues, dispatches } = options;
  return async ({ method, url, body }) => {
    const [, owner, name, path = ''] = /^\/repos\/([^/]+)\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? [];
    const call = `${method} ${path}`;
    if (`${owner}/${name}` !== repository) return undefined;
    if (call === 'GET ') {
      return ok(
        repositoryAnswer(repository, {
          has_pages: options.pagesUrl !== undefined,
          has_issues: !options.issuesOff,
        }),
      );
    }
    if (call === 'GET pages') {
      return options.pagesUrl === undefined ? refuse(404, 'Not Found') : ok(pagesAnswer(options.pagesUrl));
    }
    const [, workflow] = /^POST actions\/workflows\/([^/]+)\/dispatches$/.exec(call) ?? [];
    if (workflow !== undefined) return dispatch(workflow, Dispatch.parse(JSON.parse(body)));
    if (call === 'GET labels') return ok([]);
    if (call === 'POST labels') {
      const given = z.object({ name: z.string() }).loose().parse(JSON.parse(body));
      return ok(sampleAnswer('POST', `${REPOSITORY}/labels`, given), 201);
    }
    if (call.startsWith('GET rules/branches/')) {
      const rule = { ruleset_source_type: 'Repository', ruleset_source: repository, ruleset_id: 42 };
      return ok((options.rules ?? []).map((type) => ({ type, ...rule })));
    }
    if (call.startsWith('GET branches/')) {
      const facts = { name: path.slice('branches/'.length), protected: (options.rules ?? []).length > 0 };
      return ok(sampleAnswer('GET', `${REPOSITORY}/branches/{branch}`, facts));
    }
    return path.startsWith('issues') ? answerIssues(call, url, body) : undefined;
  };

  async function dispatch(workflow: string, { ref, inputs }: z.infer<typeof Dispatch>): Promise<Answer> {
    const refusal = refuseDispatch(workflow, inputs);
    if (refusal) return refuse(refusal.status, refusal.message);
    if (!(await options.hasBranch(ref))) return refuse(422, `No ref found for: ${ref}`);
    dispatches.push(`${workflow} on ${ref}`);
    return { status: 204, body: undefined };
  }

  function answerIssues(call: string, url: URL, body: string): Answer | undefined {
    if (options.issuesOff) return refuse(410, 'Issues has been disabled in this repository.');
    if (call === 'GET issues') {
      const labels = url.searchParams.get('labels')?.split(',') ?? [];
      const state = url.searchParams.get('state') ?? 'open';
      const found = issues.filter(
        (issue) =>
          (state === 'all' || issue.state === state) && labels.every((label) => issue.labels.includes(label)),
      );
      return ok(found.map(issueAnswer));
    }
    if (call === 'POST issues') {
      const Given = z.object({
        title: z.string(),
        body: z.string(),
        labels: z.array(z.string()).default([]),
      });
      const issue: Issue = { number: issues.length + 1, state: 'open', ...Given.parse(JSON.parse(body)) };
      issues.push(issue);
      return ok(issueAnswer(issue), 201);
    }
    const [, method, number, part] = /^(\w+) issues\/(\d+)(?:\/(\w+))?$/.exec(call) ?? [];
    const issue = issues.find((each) => String(each.number) === number);
    if (!issue) return undefined;
    if (method === 'POST' && part === 'comments') {
      return ok(sampleAnswer('POST', `${REPOSITORY}/issues/{issue_number}/comments`), 201);
    }
    if (method === 'POST' && part === 'labels') {
      issue.labels.push(...z.object({ labels: z.array(z.string()) }).parse(JSON.parse(body)).labels);
      return ok(labelAnswers(issue));
    }
    if (method !== 'PATCH') return undefined;
    Object.assign(issue, z.object({ state: z.enum(['open', 'closed']) }).parse(JSON.parse(body)));
    return ok(issueAnswer(issue));
  }
}

function issueAnswer(issue: Issue): object {
  const { number, title, body, state } = issue;
  // GitHub's example is a pull request.
  const own = {
    pull_request: undefined,
    id: number,
    number,
    title,
    body,
    state,
    labels: labelAnswers(issue),
  };
  return sampleAnswer('POST', `${REPOSITORY}/issues`, own);
}

function labelAnswers({ labels }: Issue): object[] {
  return labels.map((name, id) => sampleAnswer('POST', `${REPOSITORY}/labels`, { id, name }));
}

function ok(body: unknown, status = 200): Answer {
  return { status, body };
}

function refuse(status: number, message: string): Answer {
  return { status, body: restError(message, status) };
}
