import { parse } from 'yaml';
import { z } from 'zod';
import { formatList, formatNumber } from '../../site/lib/format.ts';
import { runnableTargets } from '../../site/lib/spack/targets.ts';

/** Prefix of this cache's own reasons for not solving a request. */
const OWN_SENTENCE = 'Error: ';
/** Maximum length of this cache's own sentences, which end with what to do. */
const MAX_SHORT_LENGTH = 2_000;

/** Maximum length of Spack's messages. */
const MAX_SPACK_LENGTH = 300;

/** Spack does not say what to do about a compiler that is neither in the system nor finished. */
const COMPILER_ADVICE =
  '; build that compiler first, as a spec of its own, or use an image or runner that has one: Spack does not build a ' +
  'compiler and what needs it at once';

/** The part of a `spack.yaml` with constraints that always apply; any other form is Spack's to refuse. */
const Constraints = z.object({
  spack: z.object({
    specs: z.array(z.unknown()).catch([]),
    packages: z.record(z.string(), z.object({ require: z.unknown() }).catch({ require: [] })).catch({}),
  }),
});

/**
 * Lists the targets that an environment always requires but this one's builds cannot have: Spack then lists a
 * reason per package, and none is that everything here is solved for one target.
 * @param text the `spack.yaml`
 * @returns a sentence, or nothing
 */
export function findForeignTargets(text: string, microarchitecture: string): string[] {
  const allowed = new Set(runnableTargets(microarchitecture));
  const { specs, packages } = Constraints.parse(parse(text)).spack;
  const constraints = [
    ...specs.map((spec) => ['specs', spec] as const),
    ...Object.entries(packages).flatMap(([name, { require }]) =>
      [require].flat().map((constraint) => [`packages:${name}:require`, constraint] as const),
    ),
  ];
  const foreign = constraints.flatMap(([place, constraint]) => {
    const [found, target = ''] = /\btarget=([\w.-]+)(?![\w.,:-])/.exec(String(constraint)) ?? [];
    return found === undefined || allowed.has(target) ? [] : [`"${found}" in ${place}`];
  });
  if (foreign.length === 0) return [];
  return [
    `expected a target that ${microarchitecture} can run, found ${formatList([...new Set(foreign)], 5)}: remove it, ` +
      'or add a target for that microarchitecture to the settings and build it for that one',
  ];
}

/** Spack 1.0 changed the meaning of requests for older Spacks, such as `mpich%gcc~fortran`. */
const IS_COMPILER_VARIANT =
  /^No such variants? .* for spec: '(?:apple-clang|aocc|clang|gcc|intel-oneapi-compilers|llvm|nvhpc|oneapi)\b/;
const ORDER_ADVICE =
  '; since Spack 1.0, a variant after a compiler is one of the compiler: write the package\'s own variants before its "%"';

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
    const advice = adviceOn(reasons);
    // Spack's own advice would not help then.
    const text =
      advice === '' ? clean(reason) : clean(reason).replace(/\.?( You could consider setting .*)?$/, '');
    return text.slice(0, MAX_SPACK_LENGTH) + more + advice;
  }
  const [, next = ''] = /^\s+(\S.*)/.exec(problem[index + 1] ?? '') ?? [];
  const text = (isAnnounced ? `${error} ${next}` : error).replace(/^==> Error: /, '').trim();
  const advice = IS_COMPILER_VARIANT.test(text) ? ORDER_ADVICE : '';
  return text.slice(0, MAX_SPACK_LENGTH) + advice + repositoryProblem(problem);
}

/** A reason without its number, and without the rank of the version that Spack preferred. */
function clean(reason: string): string {
  return reason.replace(/^\s+\d+\. /, '').replace(/ \d+\((\S+)\)$/, ' (found version $1)');
}

/** Of other reasons, one about compilers comes with almost anything that has no solution. */
function adviceOn([first = '', ...others]: string[]): string {
  const isAboutCompilers = (reason: string) => /compilers are allowed for the \w+ language/.test(reason);
  const lacksVersion = /^\s+\d+\. Cannot satisfy '/.test(first);
  return isAboutCompilers(first) || (lacksVersion && others.some(isAboutCompilers)) ? COMPILER_ADVICE : '';
}

/** Spack only warns about recipes that it could not fetch, and ends later without their names. */
function repositoryProblem(problem: readonly string[]): string {
  const reason = problem
    .map((line) => /Error constructing repository '[^']*': (.*)/.exec(line)?.[1])
    .find((text) => text !== undefined);
  return reason === undefined ? '' : ` (${reason.slice(0, MAX_SPACK_LENGTH)})`;
}
