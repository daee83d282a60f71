import type { CatalogFailure } from './site-catalog.ts';
import { failuresPath } from '../url.ts';

/** What went wrong, in words that stand after "failed:". */
const KINDS: Record<CatalogFailure['kind'], string> = {
  concretize: 'the solver found no answer',
  fetch: 'sources could not be fetched',
  patch: 'a patch did not apply',
  configure: 'configuring failed',
  compile: 'compiling failed',
  install: 'installing failed',
  test: 'its tests failed',
  timeout: 'it took too long',
  disk: 'the disk was full',
  memory: 'it ran out of memory',
  killed: 'its process was killed',
  binary: 'a cached binary could not be used',
  refused: 'the result was refused',
  other: 'it failed',
  unknown: 'it failed, and nothing says why',
};

export function describeKind(kind: CatalogFailure['kind']): string {
  return KINDS[kind];
}

/** How often each kind occurred, the most frequent first. */
export function countKinds(
  failures: readonly CatalogFailure[],
): { kind: CatalogFailure['kind']; count: number }[] {
  return [...Map.groupBy(failures, ({ kind }) => kind)]
    .map(([kind, members]) => ({ kind, count: members.length }))
    .sort((left, right) => right.count - left.count);
}

/** Failures on one page of the list. */
const PAGE_SIZE = 100;

export function failurePages(failures: readonly CatalogFailure[]): CatalogFailure[][] {
  const count = Math.max(1, Math.ceil(failures.length / PAGE_SIZE));
  return Array.from({ length: count }, (_, index) =>
    failures.slice(index * PAGE_SIZE, (index + 1) * PAGE_SIZE),
  );
}

/** Path of a page of the list, from 1. A package's name never begins with `-`. */
export function failureListPath(page: number): string {
  return page === 1 ? failuresPath : `${failuresPath}-/${page}/`;
}

/** Path of a failure's page. */
export function failurePath({ id }: Pick<CatalogFailure, 'id'>): string {
  return `${failuresPath}${id.split('/').map(encodeURIComponent).join('/')}/`;
}

/** The line that says what went wrong, or else what the log ends with. */
export function lastLine({ line, log }: CatalogFailure): string {
  return line ?? log.findLast((line) => line.trim() !== '')?.trim() ?? '';
}
