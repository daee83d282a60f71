import { formatDuration } from '../../site/lib/format.ts';
import { addSummary } from '../github/actions.ts';
import { pictureWaves } from './picture.ts';
import type { DividedRun } from './divide-run.ts';

/** Says in the summary how the builds of a run are divided; nothing where each request has a job of its own. */
export function reportDivision({ jobs, requests, left, seconds, hashesOf }: DividedRun): void {
  if (requests.length === 0) return;
  const pictured = jobs.map(({ index, wave = 0, target }) => ({
    index,
    wave,
    target,
    built: 0,
    failed: 0,
    waiting: hashesOf.get(index)?.length ?? 0,
  }));
  const total = Object.values(seconds).reduce((sum, one) => sum + one, 0);
  const leftSeconds = left.reduce((sum, hash) => sum + (seconds[hash] ?? 0), 0);
  addSummary(
    [
      '### Divided over jobs',
      '',
      `About ${formatDuration(total)} of building in ${jobs.length} jobs.` +
        (left.length > 0
          ? ` ${left.length} builds (about ${formatDuration(leftSeconds)}) are for a later run.`
          : ''),
      '',
      ...pictureWaves(pictured),
    ].join('\n'),
  );
}
