import type { APIContext, APIRoute } from 'astro';
import { loadCatalog } from '../catalog/catalog.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';

/** What a file of `site/pages/` exports for addresses that differ in one parameter. */
export interface StaticEndpoint<Entry> {
  getStaticPaths(): Promise<{ params: Record<string, string>; props: { entry: Entry } }[]>;
  GET: APIRoute<{ entry: Entry }>;
}

/**
 * An endpoint with one document for each entry of the catalog of a kind.
 * @param parameter as the file's name has it: `name` of `[name].json.ts`
 * @param list the entries by the value of the parameter
 * @param text what is served for an entry
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

/** An endpoint whose documents are texts that were made all together. */
export function textEndpoint(
  parameter: string,
  list: (catalog: SiteCatalog) => Iterable<readonly [string, string]>,
): StaticEndpoint<string> {
  return staticEndpoint(parameter, list, (entry) => entry);
}
