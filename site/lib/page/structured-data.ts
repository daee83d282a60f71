import { mirrorName, apiPath, buildPath, externalUrl, packagePath, siteAddress } from '../url.ts';
import { targetOf } from '../../schemas/node.ts';
import type { Package } from '../../schemas/package.ts';
import { systemName } from '../machine/machine.ts';
import type { CatalogBuild, CatalogPackage, SiteCatalog } from '../catalog/site-catalog.ts';
import { countSite } from '../catalog/site-numbers.ts';

/** Description of a page for programs. Source: https://schema.org */
export type StructuredData = Record<string, unknown>;

/** The whole cache as a data catalog, with links to the API. */
export function describeSite(catalog: SiteCatalog): StructuredData {
  const { packages, builds, updated } = countSite(catalog);
  return {
    '@context': 'https://schema.org',
    '@type': 'DataCatalog',
    name: mirrorName(),
    description: `A Spack build cache: binaries of ${packages} packages in ${builds} builds.`,
    url: externalUrl('/'),
    dateModified: updated,
    dataset: {
      '@type': 'Dataset',
      name: `Packages of ${mirrorName()}`,
      description:
        'Names, versions, targets and sizes of the packages with a binary in this Spack build cache.',
      url: externalUrl('/packages/'),
      distribution: {
        '@type': 'DataDownload',
        encodingFormat: 'application/json',
        contentUrl: externalUrl(apiPath('packages')),
      },
    },
  };
}

/**
 * A package as installable software; brief in a large
 * cache, without facts that the page or the home page have.
 */
export function describeSoftware(
  { name, metadata, versions, updated }: CatalogPackage,
  isBrief = false,
): StructuredData {
  return {
    '@context': 'https://schema.org',
    '@type': 'SoftwareApplication',
    name,
    ...(metadata && !isBrief ? { description: metadata.description } : {}),
    ...(isBrief ? {} : { url: externalUrl(packagePath(name)) }),
    ...(metadata?.homepage === undefined ? {} : { sameAs: metadata.homepage }),
    applicationCategory: 'DeveloperApplication',
    operatingSystem: 'Linux, macOS',
    softwareVersion: versions[0],
    ...licenseOf(metadata),
    ...(updated ? { dateModified: updated } : {}),
    ...(isBrief
      ? {}
      : { includedInDataCatalog: { '@type': 'DataCatalog', name: mirrorName(), url: `${siteAddress()}/` } }),
  };
}

/** A build as software for one system and CPU. */
export function describeBuild({ build, node }: CatalogBuild, { packages }: SiteCatalog): StructuredData {
  const metadata = packages.get(build.name)?.metadata;
  return {
    '@context': 'https://schema.org',
    '@type': 'SoftwareApplication',
    name: build.name,
    url: externalUrl(buildPath(build)),
    softwareVersion: build.version,
    applicationCategory: 'DeveloperApplication',
    operatingSystem: systemName(node.arch.platform_os),
    processorRequirements: targetOf(node),
    fileSize: `${build.tarball.size} B`,
    datePublished: build.published,
    ...licenseOf(metadata),
  };
}

/** Address of a single SPDX licence. Expressions of several have none. */
function licenseOf(metadata: Package | undefined): { license?: string } {
  const [license, ...more] = metadata?.licenses ?? [];
  if (license === undefined || more.length > 0 || !/^[A-Za-z0-9.+-]+$/.test(license)) return {};
  return { license: `https://spdx.org/licenses/${license}` };
}

/** Text for a script element, without `<`, so that no data can end the element. */
export function structuredText(data: StructuredData): string {
  return JSON.stringify(data).replaceAll('<', String.raw`\u003c`);
}
