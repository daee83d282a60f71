import { resolve } from 'node:path';
import { parseSettings } from '../site/schemas/settings.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { withDirectoryLock } from './oci/directory-lock.ts';
import {
  buildSite,
  describeNextSteps,
  publishCache,
  readExample,
  stopChildrenOnSignal,
} from './start/stages.ts';
import { openPort, openWorkFolder } from './start/work-folder.ts';
import { fillSample } from './start/sample.ts';

/** A real build cache of eight small packages, which comes with the project. */
const SAMPLE_CACHE = 'tests/fixtures/cache-unsigned';

interface Options {
  cache?: string;
  port?: string;
  serve: boolean;
}

const command = createCommand({
  verb: 'start',
  description:
    'Builds the site, the API and a signed mirror from a Spack build cache and serves them on this machine.',
  examples: ['npm start', 'npm start -- --cache ./my-cache', 'npm start -- --port 8080'],
})
  .option('--cache <DIR>', 'a build cache as `spack buildcache push` writes it (default: a small sample)')
  .option('--port <NUMBER>', 'first port to try (default: that of the last start, or the one in SITE_URL)')
  .option('--no-serve', 'stop when everything is built')
  .action(start);

async function start({ cache, port, serve }: Options): Promise<void> {
  stopChildrenOnSignal();
  // npm changes to the project's folder, but a typed path is relative to the folder where it was typed.
  const typedIn = process.env['npm_lifecycle_event'] === 'start' ? process.env['INIT_CWD'] : undefined;
  const input = cache === undefined ? undefined : resolve(typedIn ?? '.', cache);
  process.chdir(resolve(import.meta.dirname, '..'));
  const settings = parseSettings(process.env);
  const folder = await openWorkFolder(input);
  const server = await openPort(folder, settings.SITE_URL, { port, serve });
  try {
    // Two concurrent starts take turns: the second one finds everything done.
    await withDirectoryLock(folder.root, async () => {
      if (input === undefined)
        await publishCache(folder, SAMPLE_CACHE, (catalog) => fillSample(catalog, new Date()));
      else await publishCache(folder, input);
      await buildSite(folder, server, settings.PAGES_BUDGET);
    });
  } catch (error) {
    await server.close();
    throw error;
  }
  console.error(describeNextSteps(server.url, readExample(folder.catalog), serve));
  if (!serve) await server.close();
}

await runCommand(command);
