import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import type { TestSite } from './site.ts';

/** What an HTML validator finds wrong on pages: one line a finding. */
export async function findInvalidMarkup(site: TestSite, paths: string[]): Promise<string[]> {
  const validator = new HtmlValidate({
    root: true,
    extends: ['html-validate:recommended'],
    rules: {
      // A search box is sent with Enter; a button beside it would say nothing new.
      'wcag/h32': 'off',
      // Names and versions are as long as they are.
      'long-title': 'off',
      // Logs are shown as they are.
      'no-trailing-whitespace': 'off',
    },
  });
  const findings: string[] = [];
  for (const path of paths) {
    const html = await readFile(join(site.dist, decodeURIComponent(path), 'index.html'), 'utf8');
    // What is in a template is filled by a script before anybody sees it.
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

/** One path of each kind of page, told by how it begins and how deep it is, and a few more of the same. */
export function pickKinds(paths: string[], each = 3): string[] {
  const kinds = Map.groupBy(paths, (path) => `${path.split('/')[1]} ${path.split('/').length}`);
  return [...kinds.values()].flatMap((members) => [
    ...new Set(
      Array.from({ length: each }, (_, index) => members[Math.floor((index * members.length) / each)] ?? ''),
    ),
  ]);
}
