import type { IndexDocument } from '../schemas/api/index-document.ts';
import type { KeyList } from '../schemas/api/key-list.ts';
import type { PackageList } from '../schemas/api/package-list.ts';
import type { TargetList } from '../schemas/api/target-list.ts';
import type { ViewList } from '../schemas/api/view-list.ts';
import { isLocal, keyPath, mirrorName } from './commands.ts';
import type { SiteCatalog } from './shape-catalog.ts';
import { countSite } from './site-numbers.ts';
import { apiPath, externalUrl, siteAddress } from './url.ts';

export function describeIndex(catalog: SiteCatalog): IndexDocument {
  const { packages, builds, buildsOnSite, targets, size, updated } = countSite(catalog);
  const keys = catalog.keys.length;
  return {
    version: 1,
    name: mirrorName(),
    url: siteAddress(),
    signed: keys > 0,
    ...(isLocal(catalog.registry) ? {} : { registry: catalog.registry }),
    counts: { packages, builds, buildsOnSite, targets: targets.length, keys },
    size,
    ...(updated === undefined ? {} : { updated }),
    links: {
      packages: externalUrl(apiPath('packages')),
      targets: externalUrl(apiPath('targets')),
      keys: externalUrl(apiPath('keys')),
      views: externalUrl(apiPath('views')),
      package: externalUrl('/api/packages/{name}.json'),
      spec: externalUrl('/api/specs/{hash}.json'),
    },
  };
}

export function describePackages({ packages }: SiteCatalog): PackageList {
  return {
    packages: [...packages.values()].map(({ name, metadata, versions, targets, builds, size, updated }) => ({
      name,
      ...(metadata ? { description: metadata.description } : {}),
      versions,
      targets,
      builds: builds.length,
      size,
      updated,
    })),
    links: { index: indexLink(), package: externalUrl('/api/packages/{name}.json') },
  };
}

export function describeTargets(catalog: SiteCatalog): TargetList {
  return { targets: countSite(catalog).targets, links: { index: indexLink() } };
}

export function describeKeys({ keys }: SiteCatalog): KeyList {
  return {
    keys: keys.map((key) => ({ fingerprint: key.fingerprint, url: externalUrl(keyPath(key)) })),
    links: { index: indexLink() },
  };
}

export function describeViews({ plan }: SiteCatalog): ViewList {
  return {
    views: [...plan.views].map(([name, hashes]) => ({ name, builds: hashes.length })),
    links: { index: indexLink() },
  };
}

function indexLink(): string {
  return externalUrl(apiPath('index'));
}
