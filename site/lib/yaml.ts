import { parseDocument } from 'yaml';

/** The data of a YAML text; null for an empty one. Throws one sentence that names the file and the place in it. */
export function parseYaml(text: string, where: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: true });
    const [error] = document.errors;
    if (error) throw error;
    // Of an alias without its anchor, or of one that unfolds to millions of values, this tells.
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new Error(`${where}: expected YAML; correct this: ${message}`, { cause });
  }
}
