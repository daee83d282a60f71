import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { annotate } from './actions.ts';
import { openGitHub, type ApiOptions } from './api.ts';
import { readPages } from './repository.ts';

/**
 * Asks GitHub where the site is, a domain of the owner's own included: what `actions/configure-pages` reports to a
 * deployment. Undefined, with a notice, where it does not say: Pages is switched off, or the token may not ask.
 */
export async function askPagesUrl(
  environment: ProcessEnvironment,
  options: ApiOptions = {},
): Promise<string | undefined> {
  try {
    const pages = await readPages(openGitHub(environment, options));
    if (pages) return pages.url;
    annotate(
      'notice',
      "GitHub Pages is switched off: the site's address is taken from the repository's name",
    );
  } catch (error) {
    annotate(
      'notice',
      `GitHub does not say where the site is; its address is taken from the repository's name: ${describeError(error)}`,
    );
  }
  return undefined;
}
