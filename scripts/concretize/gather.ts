import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SolvedFailure } from '../../site/schemas/build-record.ts';
import { Matrix } from '../../site/schemas/build-request.ts';
import { expectHandedOn } from '../github/actions.ts';
import { listNames, readJson } from '../cli/files.ts';

const BY_CONCRETIZE = { expected: 'what concretize writes', advice: 'run concretize again' };

/** The plans of all targets. */
export interface GatheredPlans {
  matrix: Matrix;
  failures: SolvedFailure[];
}

/**
 * Copies the folders of all requests that have something to do into one, and merges their matrices and
 * failures. Throws when there is no folder at all: nothing could be solved for any target.
 */
export function gatherPlans(from: string, out: string): GatheredPlans {
  mkdirSync(out, { recursive: true });
  const include: Matrix['include'] = [];
  const failures: SolvedFailure[] = [];
  for (const folder of listFolders(from)) {
    const matrix = readJson(join(folder, 'matrix.json'), Matrix, BY_CONCRETIZE);
    for (const entry of matrix.include) {
      const target = join(out, String(entry.index));
      if (existsSync(target))
        throw new Error(`${folder}: expected each request once, found ${entry.index} twice`);
      cpSync(join(folder, String(entry.index)), target, { recursive: true });
      include.push(entry);
    }
    failures.push(...readJson(join(folder, 'failures.json'), z.array(SolvedFailure), BY_CONCRETIZE));
  }
  include.sort((a, b) => a.index - b.index);
  return { matrix: expectHandedOn(Matrix.parse({ include })), failures };
}

/**
 * Throws when plans are gathered in another attempt than that of choose: in between, builds have run, which
 * can reach the run's artifacts, including those of concretize.
 * @param run `<attempt>-<random>` from `choose`; empty: on a laptop, without attempts
 */
export function expectSameAttempt(run: string, attempt: string | undefined): void {
  const [chosen = ''] = run.split('-');
  if (run === '' || attempt === undefined || chosen === attempt) return;
  throw new Error(
    `this is attempt ${attempt}, and what to build was chosen in attempt ${chosen.slice(0, 10)}, whose builds may ` +
      'have changed the plans since; choose "Re-run all jobs" instead of "Re-run failed jobs"',
  );
}

function listFolders(from: string): string[] {
  const names = listNames(from).sort();
  if (names.length === 0)
    throw new Error(
      `${from}: expected one folder per target, each as concretize wrote it, found none; ` +
        'in a workflow its jobs Concretize say why',
    );
  return names.map((name) => {
    if (existsSync(join(from, name, 'matrix.json'))) return join(from, name);
    throw new Error(
      `${from}: expected one folder per target, each as concretize wrote it, found ${name} without matrix.json`,
    );
  });
}
