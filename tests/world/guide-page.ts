import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** Reads a page of the guide. */
export function guide(name: string): string {
  return readFileSync(join(ROOT, `site/pages/guide/${name}.md`), 'utf8');
}

/** Returns rows of the Markdown table whose first column has this heading, without the outer bars. */
export function table(text: string, heading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  if (start < 0) throw new Error(`expected a table whose first column is "${heading}"`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Patterns of the sentences that the guide explains: `…` stands for names. */
export function explainedSentences(): { quote: string; pattern: RegExp }[] {
  const quotes = table(guide('failures'), 'job').flatMap(
    ([, cell = '']) => /^`([^`]+)`$/.exec(cell)?.[1] ?? [],
  );
  return quotes.map((quote) => {
    const parts = quote.split('…').map((part) => RegExp.escape(part));
    return { quote, pattern: new RegExp(`^${parts.join('.*')}`) };
  });
}

/** Parts of the sentences of GitHub's own actions that the guide explains: in code, among other words. */
export function quotedActions(): string[] {
  const cells = table(guide('failures'), 'job').flatMap(([, cell = '']) =>
    /^`[^`]+`$/.test(cell) ? [] : [cell],
  );
  const quotes = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, quote = '']) => quote));
  return quotes.flatMap((quote) => quote.split('…').filter((part) => part.trim() !== ''));
}

/** Texts that the guide quotes from the first run, of the repository `owner/lab-cache`. */
export function quotedTexts(): string[] {
  return [...guide('three-clicks').matchAll(/^> [^]+?(?=\n\n)/gm)].map(([text]) =>
    text.replaceAll(/^> ?/gm, '').replaceAll('\n', ' '),
  );
}
