import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import type { TestSite } from './site.ts';

/** Lists an HTML validator's findings on pages, one per line. */
export async function findInvalidMarkup(site: TestSite, paths: string[]): Promise<string[]> {
  const validator = new HtmlValidate({
    root: true,
    extends: ['html-validate:recommended'],
    rules: {
      // A search box is submitted with Enter; a button next to it would be redundant.
      'wcag/h32': 'off',
      // The length of names and versions is not under our control.
      'long-title': 'off',
      // `middleware.ts` leaves out quotes that HTML does not need.
      'attr-quotes': 'off',
      // Logs are shown verbatim.
      'no-trailing-whitespace': 'off',
    },
  });
  const findings: string[] = [];
  for (const path of paths) {
    const html = await readFile(join(site.dist, decodeURIComponent(path), 'index.html'), 'utf8');
    // Templates are filled by a script before they are shown.
    const report = await validator.validateString(
      html.replaceAll(/(<template[^>]*>)[^]*?<\/template>/g, '$1</template>'),
    );
    for (const { messages } of report.results) {
      findings.push(
        ...messages.map(
          ({ ruleId, message, line, column }) => `${path}:${line}:${column} ${ruleId}: ${message}`,
        ),
      );
    }
  }
  return findings;
}

/** Picks a few paths of each kind of page, determined by its beginning and its depth. */
export function pickKinds(paths: string[], each = 3): string[] {
  const kinds = Map.groupBy(paths, (path) => `${path.split('/')[1]} ${path.split('/').length}`);
  return [...kinds.values()].flatMap((members) => [
    ...new Set(
      Array.from({ length: each }, (_, index) => members[Math.floor((index * members.length) / each)] ?? ''),
    ),
  ]);
}
