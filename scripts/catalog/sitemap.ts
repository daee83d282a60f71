import { readFileSync } from 'node:fs';
import sitemap from '@astrojs/sitemap';
import type { AstroIntegration } from 'astro';

/** Text that only the short page of a build has. */
const SHORT = /<main class="?brief"?>/;

/**
 * A sitemap without the short pages of builds: the page of a package links to them, and in a large cache they
 * would make the sitemap much longer.
 */
export function listedPages(): AstroIntegration[] {
  let site = '';
  let output: URL | undefined;
  return [
    {
      name: 'listed-pages',
      hooks: {
        'astro:config:done': ({ config }) => {
          site = new URL(config.base.replace(/\/?$/, '/'), config.site).href;
          output = config.outDir;
        },
      },
    },
    sitemap({
      filter: (page) => {
        const path = page.slice(site.length);
        return (
          !path.startsWith('builds/') ||
          !SHORT.test(readFileSync(new URL(`${path}index.html`, output), 'utf8'))
        );
      },
    }),
  ];
}
