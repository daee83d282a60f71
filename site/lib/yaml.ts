import { parseDocument } from 'yaml';

/** The data of a YAML text; null for an empty one. Throws one sentence that names the file and the place in it. */
export function parseYaml(text: string, where: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) throw new Error(`${where}: expected YAML; correct this: ${error.message.trim()}`);
  return document.toJS({ maxAliasCount: 100 });
}
