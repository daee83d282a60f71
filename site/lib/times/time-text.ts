import { formatDuration } from '../format.ts';
import type { TimeSum } from './build-times.ts';

/** An estimate in words for people: `about 2 h 10 min`, `not known`. */
export function timeText({ seconds, byNeighbours, unknown }: TimeSum, builds: number): string {
  if (unknown === builds) return 'how long is not known, nothing like it was built here';
  const notes = [
    byNeighbours > 0 && `${byNeighbours} by packages that build alike`,
    unknown > 0 && `${unknown} of ${builds} not known`,
  ].filter(Boolean);
  return `about ${formatDuration(seconds)} of building${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}
