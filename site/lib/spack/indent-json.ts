/** What has an indentation of its own in JSON: strings stay whole. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON text on many lines. Keys, numbers and strings stay as they are: parsing could reorder or rewrite them. */
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
