/**
 * Error responses of GitHub with its own messages, types and statuses. Sources: recorded responses in public
 * issues (keystatic#1598, skill-sync's fixtures, release-please-action#709 and #901, githubkit#271,
 * modernisation-platform#11985) and GitHub's documentation of rate limits.
 */

/** A fault of the API; those of `MUTATION_FAULTS` apply only to commits. */
export type Fault =
  | MutationFault
  /** The token lacks a permission. */
  | 'forbidden'
  /** A secondary rate limit: 403 in REST, and in GraphQL except with `slow down with 200`. */
  | 'slow down'
  | 'slow down with 200'
  /** The hourly limit of requests is exhausted. */
  | 'limit'
  | 429
  | 502
  /** A web page instead of JSON. */
  | '502 page';

export type MutationFault = keyof typeof MUTATION_FAULTS | 'stale' | 'race' | 'lost answer' | 'timeout';

export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** Refusals of a commit by a rule, with GitHub's type and message. */
export const MUTATION_FAULTS = {
  rule: ['FORBIDDEN', 'Repository rule violations found\n\nChanges must be made through a pull request.\n\n'],
  'checks rule': [
    'FORBIDDEN',
    'Repository rule violations found\n\n3 of 3 required status checks are expected.\n\n',
  ],
  'ref rule': ['FORBIDDEN', 'Repository rule violations found\n\nCannot update this protected ref.\n\n'],
  'classic rule': [
    'BRANCH_PROTECTION_RULE_VIOLATION',
    "protected branch 'main' check failed:\n  Changes must be made through a pull request.",
  ],
  'review rule': [
    'BRANCH_PROTECTION_RULE_VIOLATION',
    'At least 1 approving review is required by reviewers with write access.',
  ],
  'people rule': [
    'BRANCH_PROTECTION_RULE_VIOLATION',
    "You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information.",
  ],
  'future rule': [
    'UNPROCESSABLE',
    'Repository rule violations found\n\nCommits must have verified signatures.\n\n',
  ],
} as const;

/** Message for a missing permission. Source: release-please-action#709. */
export const NOT_ACCESSIBLE = 'Resource not accessible by integration';

/** GraphQL reports this with status 200. Source: fpicalausa/remove-stale-branches#49. */
const FORBIDDEN = {
  type: 'FORBIDDEN',
  path: ['createCommitOnBranch'],
  extensions: { saml_failure: false },
  message: NOT_ACCESSIBLE,
};

const SECONDARY =
  'You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub ' +
  'Support for help, please include the request ID XXX.';

/** Response for a fault that does not depend on the request; undefined for other faults. */
export function answerFault(fault: Fault | undefined, isGraphql: boolean): Answer | undefined {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others need a look at the request
  switch (fault) {
    case 429:
      return { status: 429, body: rest('too many requests', 429), headers: { 'retry-after': '0' } };
    case 502:
      return { status: 502, body: { message: 'Server Error' } };
    case '502 page':
      return { status: 502, body: '<html><style>p{}</style><body><h1>Unicorn!</h1></body></html>' };
    case 'slow down':
      return { status: 403, body: rest(SECONDARY, 403) };
    case 'slow down with 200':
      return isGraphql
        ? { status: 200, body: { errors: [{ message: SECONDARY }] } }
        : { status: 429, body: rest(SECONDARY, 429), headers: { 'retry-after': '1' } };
    case 'limit':
      return limited(isGraphql);
    case 'forbidden':
      return isGraphql
        ? { status: 200, body: { data: null, errors: [FORBIDDEN] } }
        : { status: 403, body: rest(NOT_ACCESSIBLE, 403) };
    default:
      return undefined;
  }
}

/**
 * Response for an exhausted hourly limit. Sources: conbench/conbench#660; githubkit#271: GraphQL uses 200
 * without data.
 */
export function limited(isGraphql: boolean): Answer {
  const reset = Math.floor(Date.now() / 1000) + 1_800;
  const headers = {
    'x-ratelimit-limit': '1000',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(reset),
  };
  if (!isGraphql)
    return { status: 403, body: rest('API rate limit exceeded for installation.', 403), headers };
  const message = 'API rate limit already exceeded for user ID 1.';
  return {
    status: 200,
    body: { errors: [{ type: 'RATE_LIMIT', code: 'graphql_rate_limit', message }] },
    headers,
  };
}

/** Error of the REST API; its status is a text. */
export function rest(message: string, status: number): object {
  return { message, documentation_url: 'https://docs.github.com/rest', status: String(status) };
}

/** GitHub ends requests that take ten seconds. Source: googleapis/repo-automation-bots#4627. */
export const TIMEOUT: Answer = {
  status: 502,
  body: {
    data: null,
    errors: [
      {
        message:
          'Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub ' +
          'bug. Please include `C0AD:1015` when reporting this issue.',
      },
    ],
  },
};
