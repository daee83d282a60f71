import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { formatCount, formatSize, shortHash } from '../format.ts';
import { systemName } from '../machine/machine.ts';
import { compilersOf } from '../spack/spec-text.ts';
import { runtimeDependencies, targetOf, type Node } from '../../schemas/node.ts';

/** `hdf5 1.14.4 for Rocky 9, icelake, gcc 13.3.0 /abcdefg` */
export function buildTitle(entry: CatalogBuild, catalog: SiteCatalog): string {
  return `${shortTitle(entry, catalog)} /${shortHash(entry.build.hash)}`;
}

/** Description that search engines show below the title. */
export function buildDescription(entry: CatalogBuild, catalog: SiteCatalog): string {
  const about = catalog.packages.get(entry.build.name)?.metadata?.description;
  const size = formatSize(entry.build.tarball.size);
  return `${shortTitle(entry, catalog)}: a Spack binary, ${size}.${about ? ` ${about}` : ''}`;
}

/** Sentence about the cost of installing a build, in bytes and in builds from source. */
export function costText({ build, node }: CatalogBuild, catalog: SiteCatalog): string {
  const { bytes, cached, missing } = installCost(node, catalog);
  const size = formatSize(build.tarball.size);
  const dependencies = cached === 1 ? 'run-time dependency' : `${formatCount(cached)} run-time dependencies`;
  const whole = cached > 0 ? `${size}; ${formatSize(bytes)} with its ${dependencies}` : `${size} to download`;
  return missing > 0 ? `${whole}; ${missing} of ${cached + missing} have no binary here.` : `${whole}.`;
}

function shortTitle({ build, node }: CatalogBuild, { nodes }: SiteCatalog): string {
  const compilers = compilersOf(node, nodes).map(({ name, version }) => `${name} ${version}`);
  const machine = [systemName(node.arch.platform_os), targetOf(node), ...compilers].join(', ');
  return `${build.name} ${build.version} for ${machine}`;
}

interface InstallCost {
  /** Bytes to download, including all run-time dependencies with a binary here. */
  bytes: number;
  /** Number of run-time dependencies with a binary here. */
  cached: number;
  /**
   * Number of run-time dependencies without one that are
   * not part of the system, so that Spack would build them.
   */
  missing: number;
}

/** Cost of installing a build with its run-time dependencies. The build itself is counted only in `bytes`. */
function installCost(node: Node, { nodes, builds }: Pick<SiteCatalog, 'nodes' | 'builds'>): InstallCost {
  const cost: InstallCost = { bytes: 0, cached: 0, missing: 0 };
  const closure = new Set([node.hash]);
  for (const hash of closure) {
    const build = builds.get(hash)?.build;
    const current = nodes.get(hash)?.node;
    if (!current) continue;
    if (current.external) continue;
    cost.bytes += build?.tarball.size ?? 0;
    if (hash !== node.hash) cost[build ? 'cached' : 'missing'] += 1;
    for (const dependency of runtimeDependencies(current)) closure.add(dependency.hash);
  }
  return cost;
}
