import type { DagHash } from '../../schemas/digest.ts';
import { runtimeDependencies, targetOf, type Node } from '../../schemas/node.ts';
import type { BuildNeeds } from '../machine/needs.ts';
import { familyOf, runnableTargets } from '../spack/targets.ts';
import { once } from '../once.ts';
import { compareVersions } from '../spack/versions.ts';
import type { SiteCatalog } from './site-catalog.ts';

type Nodes = Pick<SiteCatalog, 'nodes' | 'builds'>;

/** Needs of a node, and whether the binaries of all its run-time dependencies are known. */
interface NodeNeeds extends BuildNeeds {
  complete: boolean;
}

const memoryOf = once((_nodes: SiteCatalog['nodes']) => new Map<DagHash, NodeNeeds>());

/**
 * Requirements of a build and its run-time dependencies for
 * a machine. Each node is examined once per catalog.
 */
export function needsOf(node: Node, catalog: Nodes): BuildNeeds {
  const { complete, runs, ...needs } = collectNeeds(node, catalog, memoryOf(catalog.nodes));
  if (needs.libc === undefined) return needs;
  return complete ? { ...needs, runs: runs ?? firstGlibc(needs.target) } : needs;
}

/**
 * The first glibc for a CPU family, sufficient for files
 * without GLIBC symbols. Source: glibc's `abi-versions`.
 */
function firstGlibc(target: string): string {
  return familyOf(target) === 'x86_64' ? '2.2.5' : '2.17';
}

function collectNeeds(node: Node, catalog: Nodes, memory: Map<DagHash, NodeNeeds>): NodeNeeds {
  const before = memory.get(node.hash);
  if (before) return before;
  const build = catalog.builds.get(node.hash)?.build;
  const needs: NodeNeeds = {
    platform: node.arch.platform,
    os: node.arch.platform_os,
    target: targetOf(node),
    libc: libcOf(node, catalog),
    runs: build?.contents.glibc,
    complete: build !== undefined,
  };
  for (const { hash } of runtimeDependencies(node)) {
    const dependency = catalog.nodes.get(hash)?.node;
    // The C library itself and other system packages come with the machine.
    if (!dependency || dependency.external) continue;
    const other = collectNeeds(dependency, catalog, memory);
    needs.libc = higher(needs.libc, other.libc);
    needs.runs = higher(needs.runs, other.runs);
    needs.complete &&= other.complete;
    if (runnableTargets(other.target).includes(needs.target)) needs.target = other.target;
  }
  memory.set(node.hash, needs);
  return needs;
}

/** C library that a node was linked with, `glibc@2.36`. */
function libcOf(node: Node, { nodes }: Nodes): string | undefined {
  const edge = node.dependencies.find(({ parameters }) => parameters.virtuals.includes('libc'));
  const libc = edge && nodes.get(edge.hash)?.node;
  return libc && `${libc.name}@${libc.version}`;
}

/** The higher of two versions, or of two C libraries of one name. */
function higher(left: string | undefined, right: string | undefined): string | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareVersions(left.split('@').at(-1) ?? '', right.split('@').at(-1) ?? '') >= 0 ? left : right;
}
