import { resolve } from 'node:path';
import { parseSettings } from '../site/schemas/settings.ts';
import { createCommand, runCommand } from './command.ts';
import { describeNextSteps, readExample } from './start/next-steps.ts';
import { openPort } from './start/port.ts';
import { publishCache } from './start/publish-stage.ts';
import { buildSite } from './start/site-stage.ts';
import { stopChildrenOnSignal } from './start/child.ts';
import { lockWorkFolder, openWorkFolder } from './start/work-folder.ts';

/** A real build cache of eight small packages, which comes with the project. */
const SAMPLE_CACHE = 'tests/fixtures/cache-unsigned';

interface Options {
  cache?: string;
  port?: string;
  serve: boolean;
}

const command = createCommand({
  verb: 'start',
  description: 'Makes site, API and signed mirror from a Spack build cache and serves them on this machine.',
  examples: ['npm start', 'npm start -- --cache ./my-cache', 'npm start -- --port 8080'],
})
  .option('--cache <dir>', 'a build cache as `spack buildcache push` writes it (default: a small sample)')
  .option('--port <number>', 'first port to try (default: that of the last start, or the one in SITE_URL)')
  .option('--no-serve', 'stop when everything is made')
  .action(start);

async function start({ cache, port, serve }: Options): Promise<void> {
  stopChildrenOnSignal();
  process.chdir(resolve(import.meta.dirname, '..'));
  const settings = parseSettings(process.env);
  const folder = await openWorkFolder(cache ?? SAMPLE_CACHE, cache === undefined ? 'sample' : undefined);
  const server = await openPort(folder, settings.SITE_URL, { port, serve });
  const unlock = await lockWorkFolder(folder);
  try {
    await publishCache(folder, resolve(cache ?? SAMPLE_CACHE));
    await buildSite(folder, server, settings.PAGES_BUDGET);
  } catch (error) {
    await server.close();
    throw error;
  } finally {
    await unlock();
  }
  console.error(describeNextSteps(server.url, await readExample(folder.catalog), serve));
  if (!serve) await server.close();
}

await runCommand(command);
