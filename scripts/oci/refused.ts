import type { HttpAnswer } from './http.ts';
import type { RemoteReference } from './reference.ts';

/** A registry asks for a login, or for another one. */
export class RefusedError extends Error {
  readonly status: number;
  /** Whether a login was shown. */
  readonly loggedIn: boolean;

  constructor({ host, path }: RemoteReference, status: number, loggedIn: boolean) {
    const advice = loggedIn
      ? `the login for ${host} is refused (${status}): check that it may use ${path}, then "oras login ${host}"`
      : `${host} asks for a login to use ${path} (${status}): run "oras login ${host}" first`;
    super(advice);
    this.status = status;
    this.loggedIn = loggedIn;
  }
}

/** A registry is busy or broken in a way that may pass. */
export class PassingError extends Error {
  /** Milliseconds that the registry asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The error for an answer that is neither success nor "not found". */
export function refusalOf(
  repository: RemoteReference,
  { status, headers }: HttpAnswer,
  text: string,
  loggedIn: boolean,
): Error {
  // GitHub answers 403 where others answer 429.
  const slowDown = status === 429 || (status === 403 && /secondary rate limit/i.test(text));
  if (slowDown) {
    return new PassingError(
      `${repository.host} asks to slow down (${status}); try again later`,
      retryAfterOf(headers),
    );
  }
  if (status === 408 || status >= 500) {
    return new PassingError(
      `${repository.host} fails (${status}): ${firstLine(text)}`,
      retryAfterOf(headers),
    );
  }
  if (status === 401 || status === 403) return new RefusedError(repository, status, loggedIn);
  return new Error(
    `${repository.host}/${repository.path}: expected an answer, found ${status}: ${firstLine(text)}`,
  );
}

/** Source: RFC 9110, `Retry-After`: seconds or a date. */
function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 300) || 'no explanation';
}
