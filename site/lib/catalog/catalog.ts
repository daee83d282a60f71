import { getLiveCollection } from 'astro:content';
import { parseSettings } from '../../schemas/settings.ts';
import type { CatalogEntry, CatalogKind } from './catalog-files.ts';
import { readDataCommit } from './data-commit.ts';
import { shapeCatalog } from './shape-catalog.ts';
import type { SiteCatalog } from './site-catalog.ts';

let catalog: Promise<SiteCatalog> | undefined;

/** The catalog as pages and API need it: read and shaped once, at the first call. */
export function loadCatalog(): Promise<SiteCatalog> {
  catalog ??= readCatalog();
  return catalog;
}

async function readCatalog(): Promise<SiteCatalog> {
  const settings = parseSettings(process.env);
  const commit = await readDataCommit(settings.CATALOG_DIR);
  // One kind after the other: each reads many files at the same time.
  const entries = {
    specs: await readTexts('specs'),
    builds: await readTexts('builds'),
    manifests: entriesOf(await getLiveCollection('manifests')),
    packages: await readTexts('packages'),
    keys: await readTexts('keys'),
    containers: await readTexts('containers'),
    failures: await readTexts('failures'),
    environments: await readTexts('environments'),
    locks: await readTexts('locks'),
    solved: await readTexts('solved'),
    stats: await readTexts('stats'),
    removed: await readTexts('removed'),
    cache: await readTexts('cache'),
    mirrors: await readTexts('mirrors'),
    snapshots: await readTexts('snapshots'),
    pins: await readTexts('pins'),
    checks: await readTexts('checks'),
  };
  return { ...shapeCatalog(entries, settings), ...(commit === undefined ? {} : { commit }) };
}

async function readTexts(kind: Exclude<CatalogKind, 'manifests'>): Promise<CatalogEntry[]> {
  return entriesOf(await getLiveCollection(kind)).map(({ id, data }) => ({ id, body: data.body }));
}

/** What a collection holds. Throws what its loader threw. */
function entriesOf<Entry>({ entries, error }: { entries?: Entry[]; error?: Error }): Entry[] {
  if (!entries) throw error?.cause ?? error;
  return entries;
}
