import { DagHash } from '../../site/schemas/digest.ts';
import { readTextFile } from '../cli/files.ts';

/**
 * Reads the hashes that a build may produce: one DAG hash per line, empty lines ignored. Throws on anything
 * else, with the line number.
 */
export function readAllowedHashes(file: string): Set<DagHash> {
  return parseAllowedHashes(readTextFile(file), file);
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
