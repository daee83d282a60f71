import { z } from 'zod';
import { Snapshot } from '../../schemas/snapshot.ts';
import { parseYaml } from '../yaml.ts';

/** Reads a snapshot. Throws one sentence that names the file. */
export function parseSnapshot(text: string, where: string): Snapshot {
  const result = Snapshot.safeParse(parseYaml(text, where));
  if (result.success) return result.data;
  throw new Error(`${where}: ${z.prettifyError(result.error)}; correct it, or remove the file`);
}
