import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';

/**
 * Gives each output folder a content store of its own and removes it after the build: no build reads what another
 * one left. Builds of one checkout take turns, since Astro writes some files of all builds into one `.astro/`.
 * (Their output must lie inside the project: Astro keeps the page bundle of any other in one shared folder.)
 */
export function catalogBuild(): AstroIntegration {
  let store: URL | undefined;
  return {
    name: 'catalog-build',
    hooks: {
      'astro:config:setup': async ({ command, config, updateConfig }) => {
        if (command !== 'build') return;
        await takeTurn(fileURLToPath(new URL('.astro/', config.root)));
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

/** Milliseconds between two looks at whether the build before has ended. */
const POLL_MS = 200;

/** Waits until no other process builds here; this one's turn ends with it. */
async function takeTurn(folder: string): Promise<void> {
  const file = `${folder}build.pid`;
  mkdirSync(folder, { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      process.once('exit', () => rmSync(file, { force: true }));
      return;
    } catch {
      if (!isRunning(file)) rmSync(file, { force: true });
      else await sleep(POLL_MS);
    }
  }
}

function isRunning(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}
