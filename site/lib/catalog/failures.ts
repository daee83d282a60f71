import type { Build } from '../../schemas/build.ts';
import type { CatalogFailure, SiteCatalog } from './site-catalog.ts';
import { targetOf } from '../../schemas/node.ts';
import { splitPages } from '../page/paging.ts';
import { failuresPath } from '../url.ts';
import { Failure } from '../../schemas/failure.ts';

/** What went wrong, in a few words; the guide says more of each. */
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
  other: 'other error',
  unknown: 'unknown error',
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

/** The build that a failure has become since: of the same hash, else of the same package and target, published later. */
export function builtSince(failure: CatalogFailure, catalog: SiteCatalog): Build | undefined {
  const same = failure.hash === undefined ? undefined : catalog.builds.get(failure.hash);
  if (same) return same.build;
  const version = versionOf(failure);
  return catalog.packages
    .get(failure.name)
    ?.builds.find(
      ({ build, node }) =>
        build.published > failure.date &&
        (version === undefined || version === build.version) &&
        (failure.target === undefined || failure.target === targetOf(node)),
    )?.build;
}

/** The version that was tried: `hdf5@1.14.5 +mpi`, `hdf5@=1.14.5`. */
function versionOf({ spec }: CatalogFailure): string | undefined {
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

/** The last line of a log that names an error; -1: none does. */
export function errorLine(log: readonly string[]): number {
  return log.findLastIndex((line) =>
    /\b(error|fatal|undefined reference|no such file|not found)\b/i.test(line),
  );
}

/** Failures on one page of the list. */
const PAGE_SIZE = 100;

export function failurePages(failures: readonly CatalogFailure[]): CatalogFailure[][] {
  return splitPages(failures, PAGE_SIZE);
}

/** Path of the list of one kind. */
export function failureKindPath(kind: CatalogFailure['kind']): string {
  return `${failuresPath}-/${kind}/`;
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

type Kind = Failure['kind'];

/** What the guide says of a kind of failure; texts may have `code` in backticks. */
interface Advice {
  happened: string;
  todo: string;
}

/**
 * Reads the table "kind, what happened, what to do" of the guide's page on failures: the one place that has it. Throws
 * where a kind has no row.
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
