import { hash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseNumber } from '../cli/command.ts';
import { servePages, type PagesServer } from './pages-server.ts';

/** Folder of everything that `npm start` makes; git ignores it, and it may be deleted at any time. */
const WORK_FOLDER = '.work';

/** Folders and files of `npm start` for one build cache. */
export interface WorkFolder {
  root: string;
  /** An OCI image layout. */
  registry: string;
  catalog: string;
  key: string;
}

/** Opens the folder of a cache or of the sample. Each has its own, so that they never mix. */
export async function openWorkFolder(cache: string | undefined): Promise<WorkFolder> {
  const id = hash('sha256', cache ?? '').slice(0, 8);
  const name = cache === undefined ? 'sample' : `${basename(cache).replace(/[^\w.-]/g, '_')}-${id}`;
  const root = join(WORK_FOLDER, name);
  await mkdir(root, { recursive: true });
  return {
    root,
    registry: join(root, 'registry'),
    catalog: join(root, 'catalog'),
    key: join(root, 'signing-key.asc'),
  };
}

/** Address of the site and its folder. Pages contain their own address, so each port has its own folder. */
export interface SiteAddress extends PagesServer {
  dist: string;
}

/**
 * Takes a port before anything is built, since the pages contain it: preferably that of the last start, so
 * that nothing has to be built again. The folder is served as soon as it exists.
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

/** Path of the file with the port of the last start. */
export function portFile(folder: WorkFolder): string {
  return join(folder.root, 'port');
}
