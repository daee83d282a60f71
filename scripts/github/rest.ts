import pRetry, { AbortError } from 'p-retry';
import type { ZodType } from 'zod';

const TIMEOUT_MS = 30_000;
const RETRIES = 4;

/** GitHub's REST API for one repository. */
export interface Rest {
  /** @param path below `/repos/{owner}/{repo}/`. The answer is checked; throws on anything but success. */
  call<T>(
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body: object | undefined,
    schema: ZodType<T>,
  ): Promise<T>;
}

/** Opens the API that `GITHUB_API_URL`, `GITHUB_REPOSITORY` and `GITHUB_TOKEN` name. */
export function openRest(
  environment: Record<string, string | undefined>,
  { firstRetryMs = 1_000 } = {},
): Rest {
  const {
    GITHUB_API_URL: api = 'https://api.github.com',
    GITHUB_REPOSITORY: repository,
    GITHUB_TOKEN: token,
  } = environment;
  if (!repository || !token) {
    throw new Error('set GITHUB_REPOSITORY to owner/repo and GITHUB_TOKEN to a token that may write to it');
  }

  async function request(method: string, path: string, body: object | undefined): Promise<unknown> {
    const url = `${api}/repos/${repository}/${path}`;
    const response = await fetch(url, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': 'spack-build-cache',
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      // Another host would get the token.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return response.json();
    const { status } = response;
    const text = (await response.text()).slice(0, 300);
    const error = new Error(`${method} ${url}: GitHub answered ${status}: ${text}`);
    const isPassing = status === 429 || status >= 500 || (status === 403 && /rate limit/i.test(text));
    throw isPassing ? error : new AbortError(error);
  }

  return {
    call: async (method, path, body, schema) =>
      schema.parse(
        await pRetry(() => request(method, path, body), {
          retries: RETRIES,
          minTimeout: firstRetryMs,
          randomize: true,
        }),
      ),
  };
}
