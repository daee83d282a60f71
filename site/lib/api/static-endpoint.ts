import { gzipSync } from 'node:zlib';
import type { APIContext, APIRoute } from 'astro';
import { loadCatalog } from '../catalog/catalog.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';

/** Exports of a file in `site/pages/` for addresses that differ in one parameter. */
export interface StaticEndpoint<Entry> {
  getStaticPaths(): Promise<{ params: Record<string, string>; props: { entry: Entry } }[]>;
  GET: APIRoute<{ entry: Entry }>;
}

/**
 * An endpoint with one document for each catalog entry of a kind.
 * @param parameter name in the file name: `name` of `[name].json.ts`
 * @param list entries, each with the value of the parameter
 * @param text document to serve for an entry
 */
export function staticEndpoint<Entry>(
  parameter: string,
  list: (catalog: SiteCatalog) => Iterable<readonly [string, Entry]>,
  text: (entry: Entry, catalog: SiteCatalog) => string | Uint8Array<ArrayBuffer>,
): StaticEndpoint<Entry> {
  return {
    getStaticPaths: async () =>
      Array.from(list(await loadCatalog()), ([value, entry]) => ({
        params: { [parameter]: value },
        props: { entry },
      })),
    GET: async ({ props }: APIContext<{ entry: Entry }>) =>
      new Response(text(props.entry, await loadCatalog())),
  };
}

/** An endpoint whose documents are compressed, since Pages counts bytes as they are stored. */
export function compressedEndpoint<Entry>(
  parameter: string,
  list: (catalog: SiteCatalog) => Iterable<readonly [string, Entry]>,
  text: (entry: Entry, catalog: SiteCatalog) => string,
): StaticEndpoint<Entry> {
  return staticEndpoint(
    parameter,
    list,
    (entry, catalog) => new Uint8Array(gzipSync(text(entry, catalog), { level: 9 })),
  );
}

/** An endpoint whose documents are texts that were all made beforehand. */
export function textEndpoint(
  parameter: string,
  list: (catalog: SiteCatalog) => Iterable<readonly [string, string]>,
): StaticEndpoint<string> {
  return staticEndpoint(parameter, list, (entry) => entry);
}
