import { defineConfig } from 'astro/config';
import { catalogBuild, listedPages } from './scripts/catalog/catalog-build.ts';
import { parseSettings } from './site/schemas/settings.ts';

const address = new URL(parseSettings(process.env).SITE_URL);

export default defineConfig({
  srcDir: './site',
  site: address.origin,
  base: address.pathname,
  trailingSlash: 'always',
  // Spaces between inline elements are kept: with Astro's default they vanish at line breaks.
  compressHTML: true,
  build: {
    format: 'directory',
    assets: 'assets',
    concurrency: 16,
    // The Content-Security-Policy allows nothing inline, so that it needs no hashes.
    inlineStylesheets: 'never',
  },
  vite: {
    build: {
      assetsInlineLimit: 0,
      // One style sheet for all pages: a page names it once instead of four.
      cssCodeSplit: false,
    },
    environments: {
      // Names of files stand in each page, so that they are short.
      client: {
        build: {
          rollupOptions: {
            output: {
              entryFileNames: 'assets/[hash].js',
              chunkFileNames: 'assets/[hash].js',
              assetFileNames: 'assets/[hash][extname]',
            },
          },
        },
      },
    },
  },
  // Colours would be inline styles, which the Content-Security-Policy refuses.
  markdown: { syntaxHighlight: false },
  devToolbar: { enabled: false },
  integrations: [listedPages(), catalogBuild()],
});
