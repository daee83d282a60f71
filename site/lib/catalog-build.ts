import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { AstroIntegration } from 'astro';

/**
 * Gives each output folder a content store of its own and removes it after the build: no build reads what another
 * one left, and builds into different folders may run side by side.
 * (Their output must lie inside the project: Astro keeps the page bundle of any other in one shared folder.)
 */
export function catalogBuild(): AstroIntegration {
  let store: URL | undefined;
  return {
    name: 'catalog-build',
    hooks: {
      'astro:config:setup': ({ command, config, updateConfig }) => {
        if (command !== 'build') return;
        const name = createHash('sha256').update(config.outDir.href).digest('hex').slice(0, 16);
        store = new URL(`./build-${name}/`, config.cacheDir);
        updateConfig({ cacheDir: store });
      },
      'astro:build:done': async () => {
        if (store) await rm(store, { recursive: true, force: true });
      },
    },
  };
}
