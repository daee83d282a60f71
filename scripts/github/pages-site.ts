import { z } from 'zod';
import { describeError } from '../cli/command.ts';
import { annotate } from './actions.ts';
import { openRest } from './rest.ts';

const PagesSite = z.object({ html_url: z.url({ protocol: /^https?$/ }) });

/**
 * Asks GitHub where the site is, a domain of the owner's own included: what `actions/configure-pages` tells a
 * deployment. Undefined, with a notice, where it does not say: Pages is not switched on yet, or the token may not ask.
 */
export async function askPagesUrl(
  environment: Record<string, string | undefined>,
  options: { firstRetryMs?: number } = {},
): Promise<string | undefined> {
  try {
    const { html_url: url } = await openRest(environment, options).call('GET', 'pages', undefined, PagesSite);
    return url;
  } catch (error) {
    annotate(
      'notice',
      `GitHub does not say where the site is; its address is taken from the repository's name: ${describeError(error)}`,
    );
    return undefined;
  }
}
