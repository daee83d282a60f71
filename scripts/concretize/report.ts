import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES, type SolvedFailure } from '../../site/schemas/build-record.ts';
import type { BuildRequest } from '../../site/schemas/build-request.ts';
import { PackageName } from '../../site/schemas/node.ts';
import { escapeMarkdown } from '../github/actions.ts';
import { shortly } from './problem.ts';
import type { Solution } from './solve.ts';

/** A request in words. */
export function describeRequest({ specs, environment }: BuildRequest): string {
  return environment === undefined ? specs.join(' ') : `environment ${environment}`;
}

/** The failure of a request that has no solution, as the catalog records failures. */
export function composeFailure(request: BuildRequest, problem: string[]): SolvedFailure {
  return {
    name: nameOf(request),
    spec: describeRequest(request).slice(0, 4_000),
    target: request.target,
    kind: 'concretize',
    log: problem.slice(-MAX_LOG_LINES).map((line) => line.slice(0, MAX_LOG_LINE_LENGTH)),
  };
}

/** The job summary: what was solved, what will be built, and why the rest will not. */
export function describeSolutions(solutions: readonly Solution[]): string {
  const rows = solutions.map((solution) => {
    const { request } = solution;
    const what = `| ${escapeMarkdown(describeRequest(request))} | ${escapeMarkdown(request.target)} |`;
    if ('problem' in solution) return `${what} no solution: ${escapeMarkdown(shortly(solution.problem))} |`;
    if ('nothing' in solution) return `${what} ${solution.nothing} |`;
    const { hashes, cached } = solution.plan;
    if (hashes.length === 0 && solution.lacksContainer)
      return `${what} a container to create: all ${cached.length} are cached |`;
    if (hashes.length === 0 && solution.lacksLock)
      return `${what} a new lock to record: all ${cached.length} are cached |`;
    if (hashes.length === 0) return `${what} nothing to build: all ${cached.length} are cached |`;
    return `${what} ${hashes.length} to build, ${cached.length} cached |`;
  });
  return ['### Concretized', '', '| what | for | result |', '| --- | --- | --- |', ...rows].join('\n');
}

/** A name that the catalog accepts, for any request. */
function nameOf({ environment, specs }: BuildRequest): string {
  const name = PackageName.safeParse(environment ?? packageOf(specs[0] ?? ''));
  return name.success ? name.data : 'unknown';
}

/** The package that a spec begins with, without its namespace. */
function packageOf(spec: string): string {
  const match = /^(?:[\w-]+\.)*([A-Za-z0-9_][\w-]*)/.exec(spec);
  return match?.[1] ?? 'unknown';
}
