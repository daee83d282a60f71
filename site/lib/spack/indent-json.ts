/** Tokens of JSON; strings are one token. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Indents JSON. Keys, numbers and strings are unchanged: parsing could reorder or rewrite them. */
export function indentJson(text: string): string {
  let depth = 0;
  let previous = '';
  let lines = '';
  const lineBreak = (): string => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(TOKEN)) {
    const closes = token === '}' || token === ']';
    const opened = previous === '{' || previous === '[';
    if (closes) depth -= 1;
    if (closes ? !opened : opened || previous === ',') lines += lineBreak();
    lines += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth += 1;
    previous = token;
  }
  return lines;
}
