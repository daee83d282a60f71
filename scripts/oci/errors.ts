import { z } from 'zod';
import { tryJson } from '../../site/lib/json.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import type { HttpAnswer } from '../http/request.ts';
import { firstLine, TemporaryError, isRateLimit, isTemporaryAnswer, readRetryAfter } from '../http/retry.ts';
import { isGitHubRegistry, packageSettings } from './github-registry.ts';
import type { RemoteReference } from './registry.ts';

/** Body of an error response. Source: OCI distribution specification 1.1, "Error Codes". */
const ErrorBody = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().optional() })).min(1),
});

/** A registry requires a login, or refuses the one it got. */
export class RegistryRefusedError extends Error {
  readonly status: number;
  /** Whether a login was sent. */
  readonly loggedIn: boolean;

  /** @param words the registry's own message */
  constructor(repository: RemoteReference, status: number, loggedIn: boolean, words = '') {
    const { host, path } = repository;
    const quotation = words === '' ? '' : `: "${words}"`;
    const what = loggedIn
      ? `the login for ${host} is refused for ${path} (${status})${quotation}`
      : `${host} asks for a login to use ${path} (${status})${quotation}`;
    super(`${what}; ${advise(repository, loggedIn, words, process.env)}`);
    this.status = status;
    this.loggedIn = loggedIn;
  }
}

/** Advice for a refusal. It depends on the environment: nobody can type a command inside a workflow. */
function advise(
  { host, path }: RemoteReference,
  loggedIn: boolean,
  words: string,
  environment: ProcessEnvironment,
): string {
  if (environment['GITHUB_ACTIONS'] !== 'true') {
    return loggedIn
      ? `check that it may use ${path}, then "oras login ${host}"`
      : `run "oras login ${host}" first`;
  }
  if (!isGitHubRegistry(host, environment)) {
    return (
      `check the variable REGISTRY_USERNAME and the secret REGISTRY_PASSWORD of this repository, and what they may ` +
      `do with ${path}`
    );
  }
  if (!loggedIn)
    return 'give the job "packages: write" under permissions, and let it run scripts/login.ts first';
  const { GITHUB_REPOSITORY: repository = 'this repository' } = environment;
  const [[owner], [theirs]] = [repository.toLowerCase().split('/'), path.split('/')];
  if (environment['GITHUB_REPOSITORY'] && owner !== theirs) {
    return (
      `a workflow may push only to packages of ${owner}: set the variable REGISTRY to ${host}/${owner}/NAME, or the variable ` +
      `REGISTRY_USERNAME and the secret REGISTRY_PASSWORD to a login that may push to ${path}`
    );
  }
  const access = `open ${packageSettings(path, environment)} and, under "Manage Actions access", choose "Add Repository", ${repository}, with the role "Write"`;
  return /not allowed to Create/i.test(words)
    ? 'give the job "packages: write", and let the organization\'s settings under "Packages" allow new packages; ' +
        `if the package exists, ${access}`
    : access;
}

/** Error for a response that is neither success nor "not found". */
export function refusalOf(
  repository: RemoteReference,
  { status, headers }: HttpAnswer,
  text: string,
  loggedIn: boolean,
): Error {
  const retryAfterMs = readRetryAfter(headers, text);
  if (isRateLimit(status, text)) {
    const message = `${repository.host} asks to slow down (${status}); try again later`;
    return new TemporaryError(message, { retryAfterMs });
  }
  if (isTemporaryAnswer(status, text)) {
    return new TemporaryError(`${repository.host} fails (${status}): ${firstLine(text)}`, { retryAfterMs });
  }
  if (status === 401 || status === 403) {
    return new RegistryRefusedError(repository, status, loggedIn, readWords(text));
  }
  return new Error(
    `${repository.host}/${repository.path}: expected an answer, found ${status}: ${firstLine(text)}`,
  );
}

/** Whether a response body has an error with one of these codes. */
export function hasErrorCode(text: string, ...codes: string[]): boolean {
  return tryJson(text, ErrorBody)?.errors.some(({ code }) => codes.includes(code)) ?? false;
}

/** The registry's own message of a refusal; empty when the body is empty or a web page. */
function readWords(text: string): string {
  const [first] = tryJson(text, ErrorBody)?.errors ?? [];
  return (first?.message ?? first?.code ?? '').replaceAll(/\s+/g, ' ').slice(0, 300);
}
