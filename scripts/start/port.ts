import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseNumber } from '../cli/command.ts';
import { servePages, type PagesServer } from './pages-server.ts';
import type { WorkFolder } from './work-folder.ts';

/** The address that the site will have, and its folder: pages name their own address, so each port has its own. */
export interface SiteAddress extends PagesServer {
  dist: string;
}

/**
 * Takes a port before anything is built, since the pages name it: that of the last start when it is free,
 * so that nothing has to be built again. The folder is served as soon as it is there.
 */
export async function openPort(
  folder: WorkFolder,
  siteUrl: string,
  options: { port?: string | undefined; serve: boolean },
): Promise<SiteAddress> {
  const { port: urlPort, pathname: base } = new URL(siteUrl);
  const last = await readFile(portFile(folder), 'utf8').catch(() => '');
  const first = parseNumber('--port', options.port ?? (last.trim() || urlPort || '4321'), {
    from: 1,
    to: 65_535,
  });
  const distOf = (port: number): string => join(folder.root, `site-${port}`);
  if (!options.serve) {
    const url = `http://localhost:${first}${base.replace(/\/+$/, '')}`;
    return { url, port: first, dist: distOf(first), close: () => Promise.resolve() };
  }
  let server = await servePages({ root: distOf(first), base, port: first });
  while (server.port !== first) {
    const { port } = server;
    await server.close();
    server = await servePages({ root: distOf(port), base, port });
    if (server.port === port) break;
  }
  if (server.port !== first) console.error(`Port ${first} is busy: taking ${server.port}.`);
  return { ...server, dist: distOf(server.port) };
}

/** Holds the port of the last start. */
export function portFile(folder: WorkFolder): string {
  return join(folder.root, 'port');
}
