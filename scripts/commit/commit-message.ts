import { basename } from 'node:path';
import type { Change } from './changes.ts';
import { partOf } from './reconcile.ts';

/** Names in the first line of a commit's message; the rest is counted. */
const MAX_NAMES = 3;

/** Says in one line what changes bring, and below it which run they come from. */
export function describeChanges(
  changes: readonly Change[],
  run: string | undefined,
): { headline: string; body: string } {
  const builds = changes.filter(({ path, content }) => content && partOf(path) === 'build');
  const gone = changes.filter(({ path, content }) => !content && partOf(path) === 'build');
  const failures = changes.filter(({ path, content }) => content && /(^|\/)failures\//.test(path));
  const parts = [
    ...(builds.length > 0 ? [`add ${count(builds, 'build')} (${nameFirst(builds)})`] : []),
    ...(failures.length > 0 ? [`record ${count(failures, 'failure')}`] : []),
    ...(gone.length > 0 ? [`remove ${count(gone, 'build')}`] : []),
  ];
  const headline = parts.join(', ') || `update ${count(changes, 'file')} of the catalog`;
  return {
    headline: headline.charAt(0).toUpperCase() + headline.slice(1),
    body: run ? `Built by ${run}` : '',
  };
}

function count({ length }: readonly Change[], noun: string): string {
  return `${length} ${noun}${length === 1 ? '' : 's'}`;
}

function nameFirst(builds: readonly Change[]): string {
  const names = builds
    .slice(0, MAX_NAMES)
    .map(({ path }) => basename(path, '.json').replace(/-[a-z2-7]{32}$/, ''));
  return builds.length > MAX_NAMES ? `${names.join(', ')} …` : names.join(', ');
}
