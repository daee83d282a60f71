import { GraphqlResponseError } from '@octokit/graphql';

/** The branch moved on between our look at it and our commit. */
export class StaleHeadError extends Error {}

/** GitHub is busy or broken in a way that may pass. */
export class BusyError extends Error {
  /** Milliseconds that GitHub asks to wait. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, cause: unknown) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

const PASSING_STATUS = new Set([408, 429, 500, 502, 503, 504]);

const RULE_ADVICE =
  'The workflow commits as "github-actions": in Settings > Rules > Rulesets (or Settings > Branches, for a classic ' +
  "rule) add GitHub Actions to the rule's bypass list, or take this branch out of the rule, then run it again. " +
  'What was pushed to the registry is kept, and taken from there.';

/** Says what an error of GitHub's means, in a class that callers branch on or in a sentence for the owner. */
export function explainRefusal(error: unknown): Error {
  if (error instanceof GraphqlResponseError) return explainAnswer(error);
  const status = numberOf(error, 'status');
  const message = error instanceof Error ? error.message : String(error);
  if (status === undefined) return error instanceof Error ? error : new Error(message);
  const isSlowDown = status === 403 && /rate limit|abuse/i.test(message);
  if (PASSING_STATUS.has(status) || isSlowDown) {
    return new BusyError(`GitHub fails (${status}): ${firstLine(message)}`, retryAfterOf(error), error);
  }
  if (status === 401) {
    return new Error('GitHub refuses the token (401): set GITHUB_TOKEN to one that is valid', {
      cause: error,
    });
  }
  if (isRule(message)) return ruleError(message);
  if (status === 403) return permissionError(message);
  return new Error(`GitHub refuses (${status}): ${firstLine(message)}`, { cause: error });
}

function explainAnswer(error: GraphqlResponseError<unknown>): Error {
  const errors = error.errors ?? [];
  const message = errors.map((each) => each.message).join('; ') || error.message;
  const types = new Set(errors.map(({ type }) => type));
  if (types.has('STALE_DATA')) return new StaleHeadError(message);
  if (types.has('RATE_LIMITED')) return new BusyError(message, retryAfterOf(error), error);
  if (isRule(message)) return ruleError(message);
  if (types.has('FORBIDDEN')) return permissionError(message);
  // GitHub's own words for a fault of its own; the error has no type then.
  if (/something went wrong|timeout/i.test(message)) return new BusyError(message, 0, error);
  return new Error(`GitHub refuses: ${message}`, { cause: error });
}

function isRule(message: string): boolean {
  return /rule violation|protected branch|through a pull request|required status check|required signature/i.test(
    message,
  );
}

function ruleError(message: string): Error {
  return new Error(`a rule of this branch refuses the commit: ${oneLine(message)}. ${RULE_ADVICE}`);
}

function permissionError(message: string): Error {
  return new Error(
    `GitHub refuses the commit (403): ${firstLine(message)}; the job needs "permissions: contents: write", and ` +
      'Settings > Actions > General > Workflow permissions must not forbid it',
  );
}

/** Source: GitHub's "Rate limits for the REST API": `retry-after` in seconds, else `x-ratelimit-reset` as a time. */
function retryAfterOf(error: unknown): number {
  const headers = headersOf(error);
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (seconds >= 0) return seconds * 1_000;
  if (headers['x-ratelimit-remaining'] !== '0') return 0;
  return Math.max(0, Number(headers['x-ratelimit-reset'] ?? 0) * 1_000 - Date.now());
}

function headersOf(error: unknown): Record<string, unknown> {
  for (const holder of [error, propertyOf(error, 'response')]) {
    const headers = propertyOf(holder, 'headers');
    if (typeof headers === 'object' && headers !== null) return { ...headers };
  }
  return {};
}

function numberOf(value: unknown, key: string): number | undefined {
  const found = propertyOf(value, key);
  return typeof found === 'number' ? found : undefined;
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined;
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 300) || 'no explanation';
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').replace(/\.$/, '').slice(0, 500);
}
