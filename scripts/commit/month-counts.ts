import { z } from 'zod';
import { FROM_GIT } from '../../site/lib/catalog/catalog-files.ts';
import { MonthlyStats } from '../../site/schemas/monthly-stats.ts';
import { readFiles } from './branch.ts';
import { type Change, partOf } from './changes.ts';
import type { GitHub } from '../github/api.ts';
import { formatJson, parseJson } from '../../site/lib/json.ts';

/** The dates in a build's record and in a failure. */
const Published = z.object({ published: z.iso.datetime({ precision: 0 }) });
const Failed = z.object({ date: z.iso.datetime({ precision: 0 }) });

type Counts = Pick<MonthlyStats, 'builds' | 'failures'>;

/**
 * Adds to a commit the monthly counts that it changes: `stats/<yyyy-mm>.json`, based on the head's counts. A
 * count changes in the same commit as the files that it counts, so neither a retry nor another publisher can
 * count anything twice or lose it.
 */
export async function addMonthCounts(github: GitHub, head: string, changes: Change[]): Promise<Change[]> {
  const counts = countByMonth(changes);
  if (counts.size === 0) return changes;
  const paths = [...counts.keys()];
  const goesAway = new Set(changes.filter(({ content }) => !content).map(({ path }) => path));
  const there = await readFiles(github, head, paths, { withText: true });
  const files = paths.map((path): Change => {
    const remote = goesAway.has(path) ? undefined : there.get(path);
    return { path, content: Buffer.from(addCounts(path, remote && (remote.text ?? ''), counts.get(path))) };
  });
  return [...changes.filter(({ path }) => !counts.has(path)), ...files];
}

/** New builds and recorded failures, keyed by the path of their month's file. */
export function countByMonth(changes: readonly Change[]): Map<string, Counts> {
  const counts = new Map<string, Counts>();
  for (const { path, content } of changes) {
    if (!content) continue;
    if (partOf(path) === 'build') {
      const { published } = Published.parse(JSON.parse(content.toString('utf8')));
      countsOf(path.replace(/builds\/[^/]+\/[^/]+$/, ''), published).builds += 1;
    } else if (/(^|\/)failures\/[^/]+\/[^/]+\.json$/.test(path)) {
      const { date } = Failed.parse(JSON.parse(content.toString('utf8')));
      countsOf(path.replace(/failures\/[^/]+\/[^/]+$/, ''), date).failures += 1;
    }
  }
  return counts;

  function countsOf(catalog: string, date: string): Counts {
    const path = `${catalog}stats/${date.slice(0, 'yyyy-mm'.length)}.json`;
    const count = counts.get(path) ?? { builds: 0, failures: 0 };
    counts.set(path, count);
    return count;
  }
}

function addCounts(path: string, text: string | undefined, counts: Counts | undefined): string {
  const month = path.slice(-'yyyy-mm.json'.length, -'.json'.length);
  const stats = text === undefined ? { month, builds: 0, failures: 0 } : parseStats(path, text);
  return formatJson(
    MonthlyStats.parse({
      month,
      builds: stats.builds + (counts?.builds ?? 0),
      failures: stats.failures + (counts?.failures ?? 0),
    }),
  );
}

function parseStats(path: string, text: string): MonthlyStats {
  return parseJson(text, MonthlyStats, {
    where: path,
    expected: 'the counts of a month',
    ...FROM_GIT,
  });
}
