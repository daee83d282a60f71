import { formatList } from '../../site/lib/format.ts';
import { annotate, setOutput } from '../github/actions.ts';
import type { Change } from './changes.ts';

/**
 * Reports files that another run committed first, and sets an output with the environments whose lock must be
 * recorded again.
 */
export function reportLost(lost: readonly Pick<Change, 'path'>[]): void {
  if (lost.length > 0)
    annotate('notice', `another run committed ${lost.length} of these files first; what it brought stays`);
  const locks = lostLocks(lost);
  setOutput('locks', locks.join(' '));
  if (locks.length > 0)
    annotate(
      'notice',
      `another run committed a lock of ${formatList(locks, 10)} meanwhile: the next steps of a workflow's job record that of the ` +
        'newer run; elsewhere, run take-catalog, receive and commit again',
    );
}

/** Environments whose lock, or newer lock that waits for builds, is among the changes. */
export function lostLocks(lost: readonly Pick<Change, 'path'>[]): string[] {
  const names = lost.flatMap(
    ({ path }) => /(?:^|\/)environments\/([^/]+)\.(?:lock|solved)\.json$/.exec(path)?.[1] ?? [],
  );
  return [...new Set(names)];
}
