import { findUnreadable } from '../../site/lib/spack/node-faults.ts';
import { specFile, type Catalog } from '../../site/lib/catalog/catalog-files.ts';

/** A catalog whose nodes can all be put into an index, and a sentence for each node that was left out. */
export interface ReadableCatalog {
  catalog: Catalog;
  leftOut: string[];
}

/**
 * Leaves out the nodes that would make an index unreadable to every client, and the builds that depend on
 * them, no matter how they came into the catalog.
 */
export function leaveOutUnreadable(catalog: Catalog): ReadableCatalog {
  const unreadable = findUnreadable(catalog.nodes);
  if (unreadable.size === 0) return { catalog, leftOut: [] };
  const isKept = ([hash]: [string, unknown]): boolean => !unreadable.has(hash);
  return {
    catalog: {
      ...catalog,
      nodes: new Map([...catalog.nodes].filter(isKept)),
      builds: new Map([...catalog.builds].filter(isKept)),
      manifests: new Map([...catalog.manifests].filter(isKept)),
    },
    leftOut: [...unreadable.values()].map(
      ({ node, reason }) =>
        `${specFile(node)}: left out of every index, since clients could not read an index with it: ${reason}; ` +
        'restore the file from git, or publish the build again',
    ),
  };
}
