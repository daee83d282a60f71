import { formatNumber } from '../../site/lib/format.ts';

/** How a sentence of this cache's own begins that says why a request is not solved. */
const OWN_SENTENCE = 'Error: ';
/** Of sentences of this cache's own, which end with what to do. */
const MAX_SHORT_LENGTH = 2_000;

/** Of what Spack says. */
const MAX_SPACK_LENGTH = 300;

/** Reasons of this cache's own for not solving a request, as lines of its problem. */
export function ownProblem(sentences: readonly string[]): string[] {
  return sentences.map((sentence) => OWN_SENTENCE + sentence);
}

/**
 * What is wrong in short: all sentences of this cache's own, or else Spack's first; where that announces reasons, the first
 * of these, and where it announces a list, both.
 */
export function shortly(problem: readonly string[]): string {
  const said = problem.findIndex((line) => line.startsWith('==> Error: '));
  const own = problem.filter((line) => line.startsWith(OWN_SENTENCE));
  if (said < 0 && own.length > 0)
    return own
      .map((line) => line.slice(OWN_SENTENCE.length))
      .join('; and ')
      .slice(0, MAX_SHORT_LENGTH);
  const index = said >= 0 ? said : problem.findIndex((line) => /error/i.test(line));
  const error = problem[index] ?? problem.at(-1) ?? 'Spack said nothing';
  const reasons = problem.slice(index + 1).filter((line) => /^\s+\d+\. /.test(line));
  const [reason] = reasons;
  const isAnnounced = index >= 0 && error.endsWith(':');
  const more = reasons.length > 1 ? ` (and ${formatNumber(reasons.length - 1, 'more reason')})` : '';
  if (isAnnounced && reason !== undefined)
    return reason.replace(/^\s+\d+\. /, '').slice(0, MAX_SPACK_LENGTH) + more;
  const [, next = ''] = /^\s+(\S.*)/.exec(problem[index + 1] ?? '') ?? [];
  const text = isAnnounced ? `${error} ${next}` : error;
  return text
    .replace(/^==> Error: /, '')
    .trim()
    .slice(0, MAX_SPACK_LENGTH);
}
