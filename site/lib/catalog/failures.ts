import type { Build } from '../../schemas/build.ts';
import type { CatalogFailure, SiteCatalog } from './site-catalog.ts';
import { targetOf } from '../../schemas/node.ts';
import { weekStart } from './news.ts';
import { splitPages } from '../page/paging.ts';
import { encodePath, failuresPath } from '../url.ts';
import { Failure } from '../../schemas/failure.ts';

/** Short descriptions of the kinds of failure. The guide explains each. */
const KINDS: Record<CatalogFailure['kind'], string> = {
  concretize: 'could not be concretized',
  fetch: 'source could not be fetched',
  patch: 'patch did not apply',
  configure: 'configure error',
  compile: 'compile error',
  install: 'install error',
  test: 'tests failed',
  timeout: 'timed out',
  disk: 'disk full',
  memory: 'out of memory',
  killed: 'process was killed',
  binary: 'cached binary could not be used',
  refused: 'result refused',
  lost: 'job uploaded nothing',
  other: 'other error',
  unknown: 'unknown error',
};

/** Short description of a kind of failure. */
export function describeKind(kind: CatalogFailure['kind']): string {
  return KINDS[kind];
}

/** A part of the failures with a page of its own. */
export interface FailureFilter {
  /** Last part of the page's path. */
  id: string;
  label: string;
  failures: CatalogFailure[];
}

/** Failures of the last week, then those of each kind, the most frequent first. */
export function failureFilters({
  builds,
  failures,
}: Pick<SiteCatalog, 'builds' | 'failures'>): FailureFilter[] {
  const dates = [...builds.values()].map(({ build }) => build.published);
  const start = weekStart([...dates, ...failures.map(({ date }) => date)]);
  const recent = failures.filter(({ date }) => Date.parse(date) > start);
  const kinds = [...Map.groupBy(failures, ({ kind }) => kind)]
    .map(([kind, members]) => ({ id: kind, label: describeKind(kind), failures: members }))
    .sort((left, right) => right.failures.length - left.failures.length);
  return recent.length > 0 ? [{ id: 'week', label: 'last week', failures: recent }, ...kinds] : kinds;
}

/** The later build that resolved a failure: of the same hash, or else of the same package and target. */
export function builtSince(failure: CatalogFailure, catalog: SiteCatalog): Build | undefined {
  const same = failure.hash === undefined ? undefined : catalog.builds.get(failure.hash);
  if (same) return same.build;
  const version = requestedVersion(failure);
  return catalog.packages
    .get(failure.name)
    ?.builds.find(
      ({ build, node }) =>
        build.published > failure.date &&
        (version === undefined || version === build.version) &&
        (failure.target === undefined || failure.target === targetOf(node)),
    )?.build;
}

/** The requested version: `hdf5@1.14.5 +mpi`, `hdf5@=1.14.5`. */
export function requestedVersion({ spec }: Pick<CatalogFailure, 'spec'>): string | undefined {
  return /^[\w-]+@=?([^\s%+~^:]+)/.exec(spec)?.[1];
}

/** Failures by package, the package with the newest failure first. */
export function groupFailures(
  failures: readonly CatalogFailure[],
): { name: string; failures: CatalogFailure[] }[] {
  return [...Map.groupBy(failures, ({ name }) => name)].map(([name, members]) => ({
    name,
    failures: members,
  }));
}

/** Index of the last line in a log that mentions an error; -1: there is none. */
export function errorLine(log: readonly string[]): number {
  return log.findLastIndex((line) =>
    /\b(error|fatal|undefined reference|no such file|not found)\b/i.test(line),
  );
}

/** Number of failures on one page of the list. */
const PAGE_SIZE = 100;

/** Failures, split into the pages of their list. */
export function failurePages(failures: readonly CatalogFailure[]): CatalogFailure[][] {
  return splitPages(failures, PAGE_SIZE);
}

/** Path of a filtered list. */
export function failureFilterPath({ id }: Pick<FailureFilter, 'id'>): string {
  return `${failuresPath}-/${id}/`;
}

/** Path of a page of the list, counted from 1. Package names never begin with `-`. */
export function failureListPath(page: number): string {
  return page === 1 ? failuresPath : `${failuresPath}-/${page}/`;
}

/** Path of a failure's page. */
export function failurePath({ id }: Pick<CatalogFailure, 'id'>): string {
  return `${failuresPath}${encodePath(id)}/`;
}

/** The line that shows the cause, or else the last line of the log. */
export function lastLine({ line, log }: CatalogFailure): string {
  return line ?? log.findLast((line) => line.trim() !== '')?.trim() ?? '';
}

type Kind = Failure['kind'];

/** Explanation of a kind of failure from the guide. Texts may have `code` in backticks. */
interface Advice {
  happened: string;
  todo: string;
}

/**
 * Reads the table "kind, what happened, what to do" from the guide's page
 * on failures, the only place that has it. Throws if a kind has no row.
 */
export function parseAdvice(guide: string): Map<Kind, Advice> {
  const rows = [...guide.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \|$/gm)];
  const advice = new Map(rows.map(([, kind, happened = '', todo = '']) => [kind, { happened, todo }]));
  return new Map(
    Failure.shape.kind.options.map((kind) => {
      const text = advice.get(kind);
      if (!text)
        throw new Error(
          `site/pages/guide/failures.md: the table of kinds has no row for \`${kind}\`; add one`,
        );
      return [kind, text];
    }),
  );
}
