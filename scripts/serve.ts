import { createCommand, parseNumber, runCommand } from './cli/command.ts';
import { expectSite } from './cli/files.ts';
import { servePages } from './start/pages-server.ts';
import { parseSettings } from '../site/schemas/settings.ts';

const command = createCommand({
  verb: 'serve',
  description: 'Serves a built site on this machine under the base path of SITE_URL, as GitHub Pages would.',
  examples: ['node scripts/serve.ts', 'node scripts/serve.ts dist --port 8080'],
})
  .argument('[DIST]', 'folder of the built site', 'dist')
  .option('--port <NUMBER>', 'first port to try (default: the one in SITE_URL)')
  .action(serve);

async function serve(dist: string, options: { port?: string }): Promise<void> {
  const site = new URL(parseSettings(process.env).SITE_URL);
  const port = parseNumber('--port', options.port ?? (site.port || '4321'), { from: 0, to: 65_535 });
  expectSite(dist);
  const server = await servePages({ root: dist, base: site.pathname, port });
  console.error(`Serving ${dist} at ${server.url}/ (Ctrl-C stops it)`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}

await runCommand(command);
