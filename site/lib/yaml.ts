import { parseDocument } from 'yaml';

/** Parses YAML; null for an empty text. Throws one sentence that names the file and the position in it. */
export function parseYaml(text: string, where: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: true, logLevel: 'error' });
    const [error] = document.errors;
    if (error) throw error;
    // Throws if an alias has no anchor, or would expand to millions of values.
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new Error(`${where}: expected YAML; correct this: ${message}`, { cause });
  }
}
