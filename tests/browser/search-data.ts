import { DATA_FILES, listHashes } from '../../site/lib/search/search-data.ts';
import { fileStem, type Node } from '../../site/schemas/node.ts';
import { parseSettings } from '../../site/schemas/settings.ts';
import { shapeCatalog } from '../../site/lib/catalog/shape-catalog.ts';
import { inventBuildRecord } from '../generate/build-record.ts';
import { inventHistory } from '../generate/history.ts';
import { inventPackage } from '../generate/package-record.ts';
import type { SiteCatalog } from '../../site/lib/catalog/site-catalog.ts';
import { NO_ENTRIES } from '../world/catalog-entries.ts';

/** Invents a catalog in the form that pages and API use. */
export function inventSiteCatalog(builds: number, seed = 1): SiteCatalog {
  const history = inventHistory({ builds, seed });
  const names = new Set([...history.nodes.values()].map(({ node }) => node.name));
  const records = [...history.builds.values()].map((build) => inventBuildRecord(history, build));
  return shapeCatalog(
    {
      ...NO_ENTRIES,
      specs: [...history.nodes.values()].map(({ node, text }) => ({ id: idOf(node), body: text })),
      builds: records.map((record) => ({ id: idOf(record), body: JSON.stringify(record) })),
      packages: [...names].map((name) => ({ id: name, body: JSON.stringify(inventPackage(name, 0)) })),
      manifests: records.map((record) => ({ id: idOf(record), data: { signed: false } })),
    },
    parseSettings({}),
  );
}

/** Invents the search's data files of a generated catalog: texts, keyed by path below `/data/`. */
export function inventSearchData(builds: number): Map<string, string> {
  const catalog = inventSiteCatalog(builds);
  const files = new Map<string, unknown>(
    Object.entries(DATA_FILES).map(([name, describe]) => [name, describe(catalog)]),
  );
  for (const [file, hashes] of listHashes(catalog).entries()) files.set(`hashes/${file}`, hashes);
  return new Map([...files].map(([name, data]) => [`${name}.json.gz`, JSON.stringify(data)]));
}

function idOf(node: Pick<Node, 'name' | 'version' | 'hash'>): string {
  return `${node.name}/${fileStem(node)}`;
}
