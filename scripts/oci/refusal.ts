import type { HttpAnswer } from '../http/request.ts';
import { isRateLimit, isTemporaryAnswer, readRetryAfter, TemporaryError } from '../http/retry.ts';
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

/** The error for an answer that is neither success nor "not found". */
export function refusalOf(
  repository: RemoteReference,
  { status, headers }: HttpAnswer,
  text: string,
  loggedIn: boolean,
): Error {
  const retryAfterMs = readRetryAfter(headers, text);
  if (isRateLimit(status, text)) {
    return new TemporaryError(`${repository.host} asks to slow down (${status}); try again later`, {
      retryAfterMs,
    });
  }
  if (isTemporaryAnswer(status, text)) {
    return new TemporaryError(`${repository.host} fails (${status}): ${firstLine(text)}`, { retryAfterMs });
  }
  if (status === 401 || status === 403) return new RefusedError(repository, status, loggedIn);
  return new Error(
    `${repository.host}/${repository.path}: expected an answer, found ${status}: ${firstLine(text)}`,
  );
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 300) || 'no explanation';
}
