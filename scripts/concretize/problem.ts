import { formatNumber } from '../../site/lib/format.ts';

/** Prefix of this cache's own reasons for not solving a request. */
const OWN_SENTENCE = 'Error: ';
/** Maximum length of this cache's own sentences, which end with what to do. */
const MAX_SHORT_LENGTH = 2_000;

/** Maximum length of Spack's messages. */
const MAX_SPACK_LENGTH = 300;

/** Spack's reasons do not say that everything here is solved for one target. */
const TARGET_ADVICE =
  '; the request has a "target=" of its own: remove it, or add a target for that microarchitecture to the settings';

/** Spack does not say what to do about a compiler that is neither in the system nor finished. */
const COMPILER_ADVICE =
  '; build that compiler first, as a spec of its own, or use an image or runner that has one: Spack does not build a ' +
  'compiler and what needs it at once';

/** Reasons of this cache's own for not solving a request, as lines of its problem. */
export function ownProblem(sentences: readonly string[]): string[] {
  return sentences.map((sentence) => OWN_SENTENCE + sentence);
}

/**
 * A short form of a problem: all of this cache's own sentences, or else Spack's first error. If that
 * announces reasons, the first reason; if it announces a list, the error and the list's first line.
 */
export function shortly(problem: readonly string[]): string {
  const firstError = problem.findIndex((line) => line.startsWith('==> Error: '));
  const own = problem.filter((line) => line.startsWith(OWN_SENTENCE));
  if (firstError < 0 && own.length > 0)
    return own
      .map((line) => line.slice(OWN_SENTENCE.length))
      .join('; and ')
      .slice(0, MAX_SHORT_LENGTH);
  const index = firstError >= 0 ? firstError : problem.findIndex((line) => /error/i.test(line));
  const error = problem[index] ?? problem.at(-1) ?? 'Spack printed nothing';
  const reasons = problem.slice(index + 1).filter((line) => /^\s+\d+\. /.test(line));
  const [reason] = reasons;
  const isAnnounced = index >= 0 && error.endsWith(':');
  const more = reasons.length > 1 ? ` (and ${formatNumber(reasons.length - 1, 'more reason')})` : '';
  if (isAnnounced && reason !== undefined) {
    return reason.replace(/^\s+\d+\. /, '').slice(0, MAX_SPACK_LENGTH) + more + adviceOn(error, reason);
  }
  const [, next = ''] = /^\s+(\S.*)/.exec(problem[index + 1] ?? '') ?? [];
  const text = (isAnnounced ? `${error} ${next}` : error).replace(/^==> Error: /, '').trim();
  return text.slice(0, MAX_SPACK_LENGTH) + repositoryProblem(problem);
}

function adviceOn(error: string, reason: string): string {
  if (/compilers are allowed for the \w+ language/.test(reason)) return COMPILER_ADVICE;
  return /failed to concretize .* target=/.test(error) ? TARGET_ADVICE : '';
}

/** Spack only warns about recipes that it could not fetch, and ends later without their names. */
function repositoryProblem(problem: readonly string[]): string {
  const reason = problem
    .map((line) => /Error constructing repository '[^']*': (.*)/.exec(line)?.[1])
    .find((text) => text !== undefined);
  return reason === undefined ? '' : ` (${reason.slice(0, MAX_SPACK_LENGTH)})`;
}
