import type { Octokit } from '@octokit/core';
import { RequestError } from '@octokit/request-error';
import { propertyOf, textOf } from './errors.ts';

/**
 * A plugin for Octokit that puts each refusal for too many requests into the form that `@octokit/plugin-throttling`
 * knows. That plugin does not know GraphQL's type `RATE_LIMIT`, a secondary limit with status 200, and a 429 without
 * GitHub's usual words.
 * Sources: GitHub's "Rate limits and query limits for the GraphQL API"; octokit/plugin-throttling#636.
 */
export function nameLimits(octokit: Octokit): void {
  octokit.hook.wrap('request', async (request, options) => {
    const response = await (async () => request(options))().catch((error: unknown) => {
      throw error instanceof RequestError ? nameRestLimit(error) : error;
    });
    const refusal = graphqlRefusal(response.data);
    if (!refusal) return response;
    // Whatever the count says: this request was refused for it.
    const headers = { ...response.headers, ...(refusal.isPrimary ? { 'x-ratelimit-remaining': '0' } : {}) };
    throw new RequestError(refusal.message, 403, { request: options, response: { ...response, headers } });
  });
}

/** Words by which throttling finds a secondary limit. */
const SECONDARY = 'secondary rate limit';

function nameRestLimit(error: RequestError): RequestError {
  const { status, message, response } = error;
  const isRefusal = status === 429 || (status === 403 && /rate limit|abuse/i.test(message));
  const isKnown = /\bsecondary rate\b/i.test(message) || response?.headers['x-ratelimit-remaining'] === '0';
  if (isRefusal && !isKnown) error.message = `${message} (${SECONDARY})`;
  return error;
}

function graphqlRefusal(data: unknown): { message: string; isPrimary: boolean } | undefined {
  for (const error of errorsOf(data)) {
    const { type, message } = error;
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

function errorsOf(data: unknown): { type: unknown; message: string }[] {
  if (typeof data !== 'object' || data === null || !('errors' in data) || !Array.isArray(data.errors))
    return [];
  return data.errors.map((error: unknown) => ({
    type: propertyOf(error, 'type'),
    message: textOf(propertyOf(error, 'message')),
  }));
}
