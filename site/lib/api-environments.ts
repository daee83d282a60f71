import type { EnvironmentDocument } from '../schemas/api/environment-document.ts';
import type { EnvironmentList } from '../schemas/api/environment-list.ts';
import type { LockFile } from '../schemas/lock-file.ts';
import { targetOf } from '../schemas/node.ts';
import { settingsLink } from './api-lists.ts';
import { listLinks, schemaLink } from './api-links.ts';
import { measureCoverage, type KnownCache } from './coverage.ts';
import { viewName } from './view-name.ts';
import type { SiteCatalog } from './shape-catalog.ts';
import { apiPath, externalUrl } from './url.ts';

export function describeEnvironments(catalog: SiteCatalog): EnvironmentList {
  const cache = knownCache(catalog);
  return {
    schema: schemaLink('environment-list'),
    environments: [...catalog.locks].map(([name, lock]) => {
      const { needed, available, percent, downloadSize } = coverLock(lock, cache);
      return {
        name,
        needed,
        available,
        percent,
        downloadSize,
        links: { environment: externalUrl(apiPath(`environments/${name}`)) },
      };
    }),
    links: listLinks(),
  };
}

export function describeEnvironment(name: string, lock: LockFile, catalog: SiteCatalog): EnvironmentDocument {
  return {
    schema: schemaLink('environment-document'),
    name,
    roots: lock.roots.map(({ hash, spec }) => ({ hash, spec, available: catalog.builds.has(hash) })),
    coverage: coverLock(lock, knownCache(catalog)),
    links: {
      environments: externalUrl(apiPath('environments')),
      ...settingsLink(viewName('env', name), catalog),
    },
  };
}

/** How much of a lock file has a binary. */
export function coverLock(lock: LockFile, cache: KnownCache): EnvironmentDocument['coverage'] {
  const roots = lock.roots.map(({ hash }) => hash);
  return measureCoverage(roots, new Map(Object.entries(lock.concrete_specs)), cache);
}

/** What a catalog has and what it tried. */
export function knownCache(catalog: SiteCatalog): KnownCache {
  return {
    builds: [...catalog.builds.values()].map(({ build: { hash, name, version, tarball }, node }) => ({
      hash,
      name,
      version,
      target: targetOf(node),
      size: tarball.size,
    })),
    failures: catalog.failures,
  };
}
