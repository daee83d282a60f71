import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Spack } from './spack.ts';

/** Result of a real Spack for a node or an index. */
export interface Verdict {
  accepts: boolean;
  /** Error of Spack. */
  reason: string;
  /** Texts of a described spec. */
  texts?: string[];
}

const SCRIPT = join(import.meta.dirname, 'node-verdicts.py');

/** A question on a node (its JSON text), a whole index, a version in ranges, or the texts of a spec. */
export type SpackQuery =
  { text: string } | { index: string } | { version: string; ranges: string } | { describe: unknown[] };

/** Asks a real Spack in a single process. `node-verdicts.py` defines the answers. */
export async function askSpack({ program }: Spack, queries: readonly SpackQuery[]): Promise<Verdict[]> {
  const cache = await mkdtemp('/tmp/');
  try {
    const child = spawn(program, ['python', SCRIPT], {
      env: {
        ...process.env,
        SPACK_DISABLE_LOCAL_CONFIG: '1',
        SPACK_USER_CACHE_PATH: cache,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(queries.map((query, id) => `${JSON.stringify({ id, ...query })}\n`).join(''));
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const verdicts = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Verdict);
    if (verdicts.length !== queries.length)
      throw new Error(
        `${program}: answered ${verdicts.length} of ${queries.length}: ${errors.slice(-2_000)}`,
      );
    return verdicts;
  } finally {
    await rm(cache, { recursive: true });
  }
}
