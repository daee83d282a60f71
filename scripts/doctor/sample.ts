import { DAY_MS } from '../../site/lib/format.ts';

/** How many of each kind a run without `--deep` looks at; the cost then does not grow with the cache. */
export const SAMPLE = 300;

/**
 * A part of many things, another one each day, so that in time all are looked at. No more of them than the limit: all.
 * @param limit Infinity for all
 */
export function takeDailySample<T>(items: readonly T[], limit: number, now: Date): T[] {
  if (items.length <= limit) return [...items];
  const start = (Math.floor(now.getTime() / DAY_MS) * limit) % items.length;
  return Array.from({ length: limit }, (_, at) => items[(start + at) % items.length]).filter(
    (item) => item !== undefined,
  );
}

/** What a count says when only a sample was looked at. */
export function sampleNote(checked: number, total: number): { checked: number; note?: string } {
  return {
    checked,
    ...(checked < total ? { note: 'a part, another one each day; --deep looks at all' } : {}),
  };
}
