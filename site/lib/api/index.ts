import type { IndexDocument } from '../../schemas/api/index-document.ts';
import { ENDPOINTS, type Endpoint } from './endpoints.ts';
import { schemaLink, TEMPLATES, type Body } from './links.ts';
import { apiTexts } from './texts.ts';
import { settingsTexts } from './views.ts';
import { mirrorName, apiPath, externalUrl, siteAddress } from '../url.ts';
import { isLocal, withoutScheme } from '../registry-address.ts';
import { taggedContainers } from '../catalog/containers.ts';
import { countCompilers } from '../catalog/compilers-and-providers.ts';
import { sha256Of } from '../mirror/recorded-settings.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { countSite } from '../catalog/site-numbers.ts';

/** `/api/index.json`. */
export function describeIndex(catalog: SiteCatalog): Body<IndexDocument> {
  const { packages, builds, buildsOnSite, unsigned, targets, size, updated } = countSite(catalog);
  return {
    version: 1,
    name: mirrorName(),
    url: siteAddress(),
    signed: catalog.keys.length > 0,
    unsigned,
    ...(isLocal(catalog.registry) ? {} : { registry: catalog.registry, registries: [...catalog.registries] }),
    commit: catalog.commit,
    updated,
    counts: {
      packages,
      builds,
      buildsOnSite,
      targets: targets.length,
      compilers: countCompilers(catalog).length,
      environments: catalog.locks.size,
      containers: taggedContainers(catalog).length,
      failures: catalog.failures.length,
      views: catalog.plan.views.size,
      keys: catalog.keys.length,
    },
    size,
    endpoints: [
      ...ENDPOINTS.map((endpoint) => describeEndpoint(endpoint, catalog)),
      ...otherEndpoints(catalog),
    ],
    changes: [...apiTexts(catalog).changes]
      .map(([month, text]) => ({ month, url: externalUrl(apiPath(`changes/${month}`)), ...contentOf(text) }))
      .reverse(),
    links: {
      packages: externalUrl(apiPath('packages')),
      targets: externalUrl(apiPath('targets')),
      keys: externalUrl(apiPath('keys')),
      views: externalUrl(apiPath('views')),
      package: externalUrl(TEMPLATES.package),
      spec: externalUrl(TEMPLATES.spec),
      page: externalUrl(TEMPLATES.page),
      manifest: externalUrl(TEMPLATES.manifest),
      tarball: externalUrl(TEMPLATES.tarball),
      ...(isLocal(catalog.registry) ? {} : { image: `${withoutScheme(catalog.registry)}@{digest}` }),
      ...Object.fromEntries(signatureOf(catalog).map((url) => ['signature', url])),
      openapi: externalUrl(apiPath('openapi')),
      documentation: externalUrl('/api/'),
    },
  };
}

function describeEndpoint(
  { name, path, schema }: Endpoint,
  catalog: SiteCatalog,
): IndexDocument['endpoints'][number] {
  const text = apiTexts(catalog).lists.get(name);
  return {
    name,
    url: externalUrl(path),
    description: schema.description ?? '',
    ...(text === undefined ? {} : contentOf(text)),
  };
}

/** Endpoints without a JSON shape of their own. */
function otherEndpoints(catalog: SiteCatalog): IndexDocument['endpoints'] {
  const settings = settingsTexts(catalog).get('mirrors') ?? '';
  return [
    {
      name: 'settings',
      url: externalUrl('/api/mirrors.yaml'),
      description: 'Spack settings that add this cache, for a configuration scope.',
      ...contentOf(settings),
    },
    {
      name: 'other-settings',
      url: externalUrl('/api/mirrors/{name}.yaml'),
      description:
        'Other Spack settings: for site and registry, for a view, or a file for `include:`. The list of views has their names.',
    },
    ...signatureOf(catalog).map((url) => ({
      name: 'signature',
      url,
      description: 'Detached OpenPGP signature of this document.',
    })),
    {
      name: 'sbom',
      url: externalUrl(TEMPLATES.sbom),
      description:
        'The bill of materials of a build in SPDX 2.3. Roots of environments and the newest builds have one.',
    },
    { name: 'openapi', url: externalUrl(apiPath('openapi')), description: 'This API in OpenAPI 3.1.' },
    {
      name: 'schema',
      url: schemaLink('{name}'),
      description: 'A JSON Schema, named in the field `schema` of documents.',
    },
  ];
}

/** Address of the signature of this index. A later step makes the signature. */
function signatureOf({ keys }: SiteCatalog): string[] {
  return keys.length > 0 ? [`${externalUrl(apiPath('index'))}.asc`] : [];
}

function contentOf(text: string): { sha256: string; size: number } {
  return { sha256: sha256Of(text), size: new TextEncoder().encode(text).length };
}
