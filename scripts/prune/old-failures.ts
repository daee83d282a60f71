import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DAY_MS } from '../../site/lib/format.ts';
import { Failure } from '../../site/schemas/failure.ts';

const Dated = z.object({ date: Failure.shape.date });

/** Paths, below the catalog, of the records of failures that the schedule no longer heeds. */
export function findOldFailures(directory: string, retryAfterDays: number, now: Date): string[] {
  const folder = join(directory, 'failures');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => `failures/${name.replaceAll('\\', '/')}`)
    .filter((path) => {
      const { date } = readDate(join(directory, path));
      return now.getTime() - Date.parse(date) >= retryAfterDays * DAY_MS;
    })
    .sort();
}

function readDate(path: string): z.infer<typeof Dated> {
  try {
    return Dated.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Error(`${path}: expected the record of a failure; restore it from git`, { cause });
  }
}
