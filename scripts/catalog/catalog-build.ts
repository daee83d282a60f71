import { hash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { AstroIntegration } from 'astro';
import { withDirectoryLock } from '../oci/directory-lock.ts';
import { readFileSync } from 'node:fs';
import sitemap from '@astrojs/sitemap';

/**
 * Growth of the heap, in percent of what was in use, before V8 collects again. By default it waits for three
 * times as much: at 10,000 builds, with 190 MB in use, a build took 1.1 to 1.3 GB instead of 0.9, and no less
 * time.
 */
const HEAP_GROWTH = 40;

/**
 * Gives each output folder its own cache and removes it after the build, so that no build reads leftovers of
 * another. Builds in one checkout take turns, since Astro writes some files of all builds into one `.astro/`.
 * (Their output must be inside the project: Astro keeps the page bundle of any other in one shared folder.)
 */
export function catalogBuild(): AstroIntegration {
  let store: URL | undefined;
  let endTurn: (() => Promise<void>) | undefined;
  return {
    name: 'catalog-build',
    hooks: {
      'astro:config:setup': async ({ command, config, updateConfig }) => {
        if (command !== 'build') return;
        setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
        endTurn = await takeTurn(fileURLToPath(new URL('.astro/', config.root)));
        const name = hash('sha256', config.outDir.href).slice(0, 16);
        store = new URL(`./build-${name}/`, config.cacheDir);
        updateConfig({ cacheDir: store });
      },
      'astro:build:done': async () => {
        if (store) await rm(store, { recursive: true, force: true });
        await endTurn?.();
      },
    },
  };
}

/** Waits until no other process builds here. @returns ends this turn, as the end of the process does, too */
async function takeTurn(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  return new Promise((begin, fail) => {
    const turn = withDirectoryLock(folder, () => {
      return new Promise<void>((end) => {
        begin(() => {
          end();
          return turn;
        });
      });
    });
    turn.catch(fail);
  });
}

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
