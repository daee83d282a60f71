import type { DagHash } from '../../schemas/digest.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { sbomBudget } from '../mirror/site-bytes.ts';
import { once } from '../once.ts';
import { sbomText } from './sbom.ts';

/** Bills of materials on the site, keyed by hash. */
export const servedSboms = once((catalog: SiteCatalog) =>
  composeSboms(catalog, sbomBudget(catalog.builds.size)),
);

/**
 * As many bills of materials as fit into `mostBytes`: first
 * for roots of environments, then for the newest builds.
 */
export function composeSboms({ builds, nodes, locks }: SiteCatalog, mostBytes: number): Map<DagHash, string> {
  const roots = [...locks.values()].flatMap((lock) => lock.roots.map(({ hash }) => hash));
  const texts = new Map<DagHash, string>();
  let bytes = 0;
  for (const hash of new Set([...roots, ...builds.keys()])) {
    const entry = builds.get(hash);
    if (!entry) continue;
    const text = sbomText(entry.build, nodes);
    bytes += new TextEncoder().encode(text).length;
    if (bytes > mostBytes) break;
    texts.set(hash, text);
  }
  return texts;
}
