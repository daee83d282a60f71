import type { BuildSummary, PackageDocument } from '../../schemas/api/package-document.ts';
import type { SpecDocument } from '../../schemas/api/spec-document.ts';
import { targetOf } from '../../schemas/node.ts';
import { schemaLink } from './links.ts';
import { imageReference } from '../commands/commands.ts';
import { needsOf } from '../catalog/build-needs.ts';
import type { BuildNeeds } from '../machine/needs.ts';
import { needsText } from '../machine/needs.ts';
import type { CatalogPackage, CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { servedSboms } from '../sbom/served-sboms.ts';
import { compilersOf, segmentsText, specSegments } from '../spack/spec-text.ts';
import { apiPath, blobUrlPath, buildPath, externalUrl, manifestUrlPath, packagePath } from '../url.ts';

export function describePackage(
  { name, metadata, builds }: CatalogPackage,
  catalog: SiteCatalog,
): PackageDocument {
  const { nodes } = catalog;
  return {
    schema: schemaLink('package-document'),
    name,
    ...(metadata ? { metadata } : {}),
    builds: builds.map(({ build, node, state }) => ({
      hash: build.hash,
      version: build.version,
      platform: node.arch.platform,
      os: node.arch.platform_os,
      target: targetOf(node),
      ...libcOf(needsOf(node, catalog)),
      compilers: compilersOf(node, nodes).map((compiler) => `${compiler.name}@${compiler.version}`),
      spec: segmentsText(specSegments(node, nodes)),
      size: build.tarball.size,
      ...(build.times ? { seconds: build.times.total } : {}),
      published: build.published,
      state,
      links: { spec: specLink(build.hash), page: externalUrl(buildPath(build)) },
    })),
    links: { packages: externalUrl(apiPath('packages')), page: externalUrl(packagePath(name)) },
  };
}

/** The text of a build's document. The node goes in as Spack wrote it: parsing it could reorder its keys. */
export function specDocumentText(entry: CatalogBuild, catalog: SiteCatalog): string {
  const { node, ...rest } = describeSpec(entry, catalog);
  const text = JSON.stringify({ ...rest, node: node.hash });
  const end = `"node":"${node.hash}"}`;
  return `${text.slice(0, -end.length)}"node":${entry.text}}\n`;
}

function describeSpec(entry: CatalogBuild, catalog: SiteCatalog): SpecDocument {
  const { build, node, signed, state } = entry;
  const image = imageReference(entry, catalog);
  const needs = needsOf(node, catalog);
  return {
    schema: schemaLink('spec-document'),
    hash: build.hash,
    spec: segmentsText(specSegments(node, catalog.nodes)),
    state,
    signed,
    ...(image === undefined ? {} : { image }),
    build,
    needs: { ...libcOf(needs), text: needsText(needs) },
    dependents: catalog.dependents.get(build.hash) ?? [],
    links: {
      page: externalUrl(buildPath(build)),
      package: externalUrl(apiPath(`packages/${build.name}`)),
      manifest: externalUrl(manifestUrlPath(build)),
      ...(servedSboms(catalog).has(build.hash) ? { sbom: externalUrl(apiPath(`sbom/${build.hash}`)) } : {}),
      ...(catalog.plan.served.has(build.hash)
        ? { tarball: externalUrl(blobUrlPath(build.tarball.digest)) }
        : {}),
    },
    node,
  };
}

function libcOf({ libc, runs }: BuildNeeds): Pick<BuildSummary, 'libc' | 'runs'> {
  return { ...(libc === undefined ? {} : { libc }), ...(runs === undefined ? {} : { runs }) };
}

function specLink(hash: string): string {
  return externalUrl(apiPath(`specs/${hash}`));
}
