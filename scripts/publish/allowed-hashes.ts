import { readFileSync } from 'node:fs';
import { DagHash } from '../../site/schemas/digest.ts';

/**
 * Reads the hashes that a build may produce: one DAG hash per line, empty lines ignored. Throws on anything
 * else, with the line number.
 */
export function readAllowedHashes(file: string): Set<DagHash> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(
      `${file}: expected a list of DAG hashes, found no file that can be read; check the path`,
      {
        cause,
      },
    );
  }
  return parseAllowedHashes(text, file);
}

/** Pure part of `readAllowedHashes`; `where` names the file in errors. */
export function parseAllowedHashes(text: string, where: string): Set<DagHash> {
  const hashes = new Set<DagHash>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const hash = DagHash.safeParse(line.trim());
    if (!hash.success) {
      throw new Error(`${where}: line ${index + 1}: expected one DAG hash, found "${line.slice(0, 60)}"`);
    }
    hashes.add(hash.data);
  }
  return hashes;
}
