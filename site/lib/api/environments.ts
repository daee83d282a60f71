import type { EnvironmentDocument } from '../../schemas/api/environment-document.ts';
import type { EnvironmentList } from '../../schemas/api/environment-list.ts';
import { settingsLink } from './lists.ts';
import { listLinks, type Body } from './links.ts';
import { coverLock, knownCache } from '../catalog/coverage.ts';
import { viewName } from '../spack/view-name.ts';
import { describeEnvironmentState } from '../catalog/environments.ts';
import type { CatalogEnvironment, SiteCatalog } from '../catalog/site-catalog.ts';
import { apiPath, externalUrl } from '../url.ts';

/** `/api/environments.json`. */
export function describeEnvironments(catalog: SiteCatalog): Body<EnvironmentList> {
  const cache = knownCache(catalog);
  return {
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

/** The document of one environment. Undefined: it was never concretized. */
export function describeEnvironment(
  environment: CatalogEnvironment,
  catalog: SiteCatalog,
): Body<EnvironmentDocument> | undefined {
  const { name, lock, release } = environment;
  const { coverage, waiting, freshness } = describeEnvironmentState(environment, catalog);
  if (!lock || !coverage) return undefined;
  return {
    name,
    roots: lock.roots.map(({ hash, spec }) => ({ hash, spec, available: catalog.builds.has(hash) })),
    coverage,
    ...(catalog.comparison ? { older: freshness.builds.older } : {}),
    ...(waiting
      ? { next: { ...(release ? { release } : {}), needed: waiting.needed, available: waiting.available } }
      : {}),
    links: {
      environments: externalUrl(apiPath('environments')),
      ...settingsLink(viewName('env', name), catalog),
    },
  };
}
