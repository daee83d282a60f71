import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { servePages } from '../../scripts/start/pages-server.ts';
import { BASE, FIXTURES, makeCache, type MadeCache } from '../e2e/made-cache.ts';

/** The sample cache: signed, published, rendered, mirrored, and served as on GitHub Pages. */
export interface MadeSite extends MadeCache {
  url: string;
  /** Path of a package's first build. */
  buildOf(name: string): Promise<string>;
}

export async function openMadeSite(): Promise<MadeSite> {
  const made = await makeCache({ cache: join(FIXTURES, 'cache-unsigned'), signed: true });
  const server = await servePages({ root: made.dist, base: BASE, port: 0 });
  return {
    ...made,
    url: server.url,
    buildOf: async (name) => {
      const [hash = ''] = await readdir(join(made.dist, 'builds', name));
      return `/builds/${name}/${hash}/`;
    },
    close: async () => {
      await server.close();
      await made.close();
    },
  };
}
