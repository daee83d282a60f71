import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SolvedFailure } from '../../site/schemas/build-record.ts';
import { Matrix } from '../../site/schemas/build-request.ts';

/** The plans of all targets. */
export interface GatheredPlans {
  matrix: Matrix;
  failures: SolvedFailure[];
}

/**
 * Copies the folders of all requests that have something to build into one, and joins their matrices and failures.
 * Of a job that ran twice the later attempt counts. No folder at all means that no target could be solved for.
 */
export function gatherPlans(from: string, out: string): GatheredPlans {
  mkdirSync(out, { recursive: true });
  const include: Matrix['include'] = [];
  const failures: SolvedFailure[] = [];
  for (const folder of latestAttempts(from)) {
    const matrix = readJson(join(folder, 'matrix.json'), Matrix);
    for (const entry of matrix.include) {
      const target = join(out, String(entry.index));
      if (existsSync(target))
        throw new Error(`${folder}: expected another request than ${entry.index}: it came twice`);
      cpSync(join(folder, String(entry.index)), target, { recursive: true });
      include.push(entry);
    }
    failures.push(...readJson(join(folder, 'failures.json'), z.array(SolvedFailure)));
  }
  include.sort((a, b) => a.index - b.index);
  return { matrix: Matrix.parse({ include }), failures };
}

function latestAttempts(from: string): string[] {
  const latest = new Map<string, { name: string; attempt: number }>();
  for (const name of existsSync(from) ? readdirSync(from) : []) {
    const [, job, attempt] = /^solved-(.+)-(\d+)$/.exec(name) ?? [];
    if (job === undefined)
      throw new Error(`${from}: expected folders solved-<target>-<attempt>, found ${name}`);
    const known = latest.get(job);
    if (!known || known.attempt < Number(attempt)) latest.set(job, { name, attempt: Number(attempt) });
  }
  return [...latest.values()].map(({ name }) => join(from, name)).sort();
}

function readJson<T>(file: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (result.success) return result.data;
  throw new Error(`${file}: expected what concretize writes: ${z.prettifyError(result.error)}`);
}
