import type { BuildSummary, PackageDocument } from '../../schemas/api/package-document.ts';
import type { SpecDocument } from '../../schemas/api/spec-document.ts';
import { targetOf } from '../../schemas/node.ts';
import { schemaLink } from './links.ts';
import { publishedBuild } from './published-build.ts';
import { needsOf } from '../catalog/build-needs.ts';
import type { BuildNeeds } from '../machine/needs.ts';
import type { CatalogPackage, CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { servedSboms } from '../sbom/served-sboms.ts';
import {
  compilersOf,
  flagSegments,
  segmentsText,
  specSegments,
  variantSegments,
  variantsOf,
} from '../spack/spec-text.ts';
import { apiPath, externalUrl } from '../url.ts';

/** `/api/packages/<name>.json`. */
export function describePackage(
  { name, metadata, builds }: CatalogPackage,
  catalog: SiteCatalog,
): PackageDocument {
  const { nodes } = catalog;
  return {
    schema: schemaLink('package-document'),
    name,
    metadata,
    builds: builds.map(({ build, node, state }) => ({
      hash: build.hash,
      version: build.version,
      platform: node.arch.platform,
      os: node.arch.platform_os,
      target: targetOf(node),
      ...libcOf(needsOf(node, catalog)),
      compilers: compilersOf(node, nodes).map((compiler) => `${compiler.name}@${compiler.version}`),
      variants: segmentsText([...flagSegments(node), ...variantSegments(variantsOf(node))]).trim(),
      size: build.tarball.size,
      ...(build.times ? { seconds: build.times.total } : {}),
      published: build.published,
      state,
    })),
  };
}

/**
 * Nodes of a package's builds. Their texts are kept as Spack wrote them: parsing could reorder their keys.
 */
export function nodeListText({ builds }: CatalogPackage): string {
  return `{"schema":${JSON.stringify(schemaLink('node-list'))},"nodes":[${builds.map(({ text }) => text).join(',')}]}\n`;
}

/** `/api/specs/<hash>.json`. */
export function specDocument(entry: CatalogBuild, catalog: SiteCatalog): SpecDocument {
  const { build, node, signed, state } = entry;
  return {
    schema: schemaLink('spec-document'),
    spec: segmentsText(specSegments(node, catalog.nodes)),
    state,
    signed,
    build: publishedBuild(build),
    needs: libcOf(needsOf(node, catalog)),
    ...(servedSboms(catalog).has(build.hash) ? { sbom: externalUrl(apiPath(`sbom/${build.hash}`)) } : {}),
  };
}

function libcOf({ libc, runs }: BuildNeeds): Pick<BuildSummary, 'libc' | 'runs'> {
  return { libc, runs };
}
