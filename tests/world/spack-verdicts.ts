import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSpack, type Spack } from './spack.ts';

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
export async function askSpack(spack: Spack, queries: readonly SpackQuery[]): Promise<Verdict[]> {
  // No recipes: Spack would index all of them to find out whether one provides a package that a node names.
  const home = await openSpack(spack, []);
  try {
    const file = join(home.config, 'queries');
    await writeFile(file, queries.map((query, id) => `${JSON.stringify({ id, ...query })}\n`).join(''));
    const { stdout, stderr } = await home.run(['python', SCRIPT, file]);
    const verdicts = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Verdict);
    if (verdicts.length !== queries.length)
      throw new Error(
        `${spack.program}: answered ${verdicts.length} of ${queries.length}: ${stderr.slice(-2_000)}`,
      );
    return verdicts;
  } finally {
    await home.close();
  }
}
