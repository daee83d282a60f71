import { setTimeout as sleep } from 'node:timers/promises';
import { graphql } from '@octokit/graphql';
import pRetry from 'p-retry';
import type { ZodType } from 'zod';
import { BusyError, explainRefusal } from './errors.ts';

/** Longest time without an answer. */
const TIMEOUT_MS = 60_000;
const RETRIES = 5;
const FIRST_RETRY_MS = 1_000;
/** GitHub may ask for an hour; a workflow's minutes are worth more. */
const MAX_RETRY_AFTER_MS = 120_000;

/** GitHub's GraphQL API for one repository. */
export interface GitHub {
  owner: string;
  name: string;
  /** Asks, again when GitHub is busy; the answer is checked. Throws what `explainRefusal` makes of an error. */
  ask<T>(query: string, variables: Record<string, unknown>, schema: ZodType<T>): Promise<T>;
}

/** Opens the API that `GITHUB_GRAPHQL_URL`, `GITHUB_REPOSITORY` and `GITHUB_TOKEN` name. */
export function openGitHub(
  environment: Record<string, string | undefined>,
  { firstRetryMs = FIRST_RETRY_MS } = {},
): GitHub {
  const token = environment['GITHUB_TOKEN'];
  const [owner = '', name = ''] = environment['GITHUB_REPOSITORY']?.split('/') ?? [];
  if (!token || !owner || !name) {
    throw new Error(
      'commit speaks to GitHub: set GITHUB_REPOSITORY to owner/repo and GITHUB_TOKEN to a token that may write to it ' +
        '(elsewhere, commit the catalog with git)',
    );
  }
  const address = environment['GITHUB_GRAPHQL_URL'] || 'https://api.github.com/graphql';
  const send = graphql.defaults({
    baseUrl: address.replace(/\/graphql\/?$/, ''),
    headers: { authorization: `bearer ${token}` },
  });

  function ask<T>(query: string, variables: Record<string, unknown>, schema: ZodType<T>): Promise<T> {
    return pRetry(
      async () => {
        let answer: unknown;
        try {
          answer = await send(query, { ...variables, request: { signal: AbortSignal.timeout(TIMEOUT_MS) } });
        } catch (error) {
          throw explainRefusal(error);
        }
        return schema.parse(answer);
      },
      {
        retries: RETRIES,
        minTimeout: firstRetryMs,
        factor: 2,
        randomize: true,
        shouldRetry: ({ error }) => error instanceof BusyError,
        onFailedAttempt: async ({ error, retriesLeft }) => {
          if (!(error instanceof BusyError) || retriesLeft === 0) return;
          console.error(`${error.message}; trying again`);
          await sleep(Math.min(error.retryAfterMs, MAX_RETRY_AFTER_MS));
        },
      },
    );
  }

  return { owner, name, ask };
}
