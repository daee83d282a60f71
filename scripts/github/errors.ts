import { z } from 'zod';
import { GraphqlResponseError } from '@octokit/graphql';
import { RequestError } from '@octokit/request-error';
import { firstLine, isTemporaryAnswer } from '../http/retry.ts';

/** The branch has moved since its head was read. */
export class StaleHeadError extends Error {}

/** A rule of the branch refuses the commit; the message is GitHub's, on one line. */
export class RuleError extends Error {}

/** GitHub is busy or failing, perhaps temporarily. It is not known whether it executed the request. */
export class BusyError extends Error {}

/** Too many requests: GitHub did not execute the request, and the wait is too long for a run. */
class LimitError extends Error {}

/** GitHub refuses a request of its REST API. */
export class GitHubRefusedError extends Error {
  readonly status: number;
  constructor(message: string, status: number, cause: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Whether GitHub's answer means that something does not exist or that the token may not see it. */
export function isNotFound(error: unknown): boolean {
  return error instanceof GitHubRefusedError && error.status === 404;
}

/** The archive does not contain only plain files below one folder. */
export class BadArchiveError extends Error {}

/** Explains an error of GitHub's: as a class that callers branch on, or as a sentence for the owner. */
export function explainRefusal(error: unknown): Error {
  if (error instanceof GraphqlResponseError) return explainAnswer(error);
  if (!(error instanceof RequestError)) return error instanceof Error ? error : new Error(String(error));
  const { status, message, request, response } = error;
  const words = response ? wordsOf(response.data) : message;
  if (isLimit(error)) return new LimitError(limitSentence(error), { cause: error });
  if (isTemporaryAnswer(status, words)) {
    const sentence = response
      ? `GitHub failed (${status}): ${firstLine(words)}`
      : `${new URL(request.url).host} does not answer: ${firstLine(words)}`;
    return new BusyError(`${sentence}; run it again later`, { cause: error });
  }
  if (status === 401) {
    return new GitHubRefusedError(
      'GitHub refuses the token (401): set GITHUB_TOKEN to a valid one',
      status,
      error,
    );
  }
  if (isRule(words)) return new RuleError(oneLine(words));
  if (status === 403 && /resource not accessible/i.test(words)) {
    const needed = String(response?.headers['x-accepted-github-permissions'] ?? '');
    return new GitHubRefusedError(permissionSentence(needed, words), status, error);
  }
  const { pathname } = new URL(request.url);
  return new GitHubRefusedError(
    `${request.method} ${pathname}: GitHub refuses (${status}): ${firstLine(words)}`,
    status,
    error,
  );
}

function explainAnswer(error: GraphqlResponseError<unknown>): Error {
  const errors = error.errors ?? [];
  const message = errors.map((each) => each.message).join('; ') || error.message;
  const types = new Set(errors.map(({ type }) => type));
  // Three messages mean a race: the head is not the expected one, the head moved during the commit, or
  // another commit has already removed a file.
  const isRace =
    /\bis at [0-9a-f]{40} but expected [0-9a-f]{40}/.test(message) ||
    /requested for deletion which does not exist/i.test(message);
  if (types.has('STALE_DATA') || isRace) return new StaleHeadError(oneLine(message));
  if (types.has('BRANCH_PROTECTION_RULE_VIOLATION') || isRule(message))
    return new RuleError(oneLine(message));
  if (types.has('FORBIDDEN'))
    return new GitHubRefusedError(permissionSentence('contents=write', message), 403, error);
  // GitHub's own messages for its faults, which have no type.
  if (/something went wrong|timeout|couldn't respond to your request in time/i.test(message)) {
    return new BusyError(`GitHub failed: ${firstLine(message)}; run it again later`, { cause: error });
  }
  return new Error(`GitHub refuses: ${firstLine(message)}`, { cause: error });
}

/** Messages of rulesets and of classic protection. The type is not enough: rulesets come as `FORBIDDEN`. */
function isRule(message: string): boolean {
  return (
    /rule violations?|protected (branch|ref)|through a pull request|approving review|not authorized to push/i.test(
      message,
    ) ||
    /required (status check|signature)|verified signature|status checks? (are|is) expected/i.test(message)
  );
}

function permissionSentence(needed: string, words: string): string {
  // "issues=write; pull_requests=write": either is enough.
  const permission = needed.split(';', 1)[0]?.trim().replaceAll('=', ': ') || 'contents: write';
  return (
    `GitHub refuses the token (403): ${firstLine(words)}; the job needs "permissions: ${permission}", and ` +
    'Settings > Actions > General > Workflow permissions must not forbid it'
  );
}

function isLimit({ status, message }: RequestError): boolean {
  return (status === 403 || status === 429) && /rate limit|abuse/i.test(message);
}

/** Source: GitHub's "Rate limits for the REST API". */
function limitSentence({ response, message }: RequestError): string {
  const reset = Number(response?.headers['x-ratelimit-reset'] ?? Number.NaN) * 1_000;
  const isUsedUp = response?.headers['x-ratelimit-remaining'] === '0' && reset > 0;
  const when = isUsedUp ? `after ${new Date(reset).toISOString().slice(11, 16)} UTC` : 'in some minutes';
  return `GitHub accepts no more requests for now: ${firstLine(message)}; run it again ${when}`;
}

/** A detail of an answer; empty in any other form. */
const Detail = z
  .union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)])
  .catch('');
/** The texts of an answer that refuses a request. */
const Answer = z.object({
  message: z.string().catch(''),
  errors: z.union([z.array(Detail), z.string().transform((text) => [text])]).catch([]),
});

/** The message of an answer, or the first words of a page. */
function wordsOf(data: unknown): string {
  if (typeof data === 'string')
    return data.replaceAll(/<style[^]*?<\/style>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  const { message = '', errors = [] } = Answer.safeParse(data).data ?? {};
  if (message === '') return errors[0] ?? '';
  return [message, ...errors.filter((text) => text !== '')].join(': ');
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').replace(/\.$/, '').slice(0, 500);
}
