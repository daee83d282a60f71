import { parseDocument } from 'yaml';
import { z } from 'zod';
import { Snapshot } from '../../schemas/snapshot.ts';

/** Reads a snapshot. Throws one sentence that names the file. */
export function parseSnapshot(text: string, where: string): Snapshot {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) throw new Error(`${where}: expected YAML; correct this: ${error.message.trim()}`);
  const result = Snapshot.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (result.success) return result.data;
  throw new Error(`${where}: ${z.prettifyError(result.error)}; correct it, or remove the file`);
}
