import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DagHash } from '../../site/schemas/digest.ts';
import { specFile } from '../../site/lib/catalog/catalog-files.ts';
import { isProved, type CheckedSpecFile } from '../build-cache/spec-file.ts';
import type { SpecDag } from './spec-image.ts';

/** Paths of the nodes' files in a catalog, keyed by the hash in the file name. */
export type SpecFileNames = ReadonlyMap<DagHash, string>;

/** Lists the node files of a catalog by name, without reading them. */
export function listSpecFiles(catalogDirectory: string): SpecFileNames {
  const folder = join(catalogDirectory, 'specs');
  if (!existsSync(folder)) return new Map();
  const names = new Map<DagHash, string>();
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  // Not a recursive listing, which would ask the disk about each file.
  for (const name of folders.map((entry) => entry.name).sort()) {
    for (const file of readdirSync(join(folder, name)).sort()) {
      const hash = /-([a-z2-7]{32})\.spec\.json$/.exec(file)?.[1];
      if (hash) names.set(hash, `specs/${name}/${file}`);
    }
  }
  return names;
}

/**
 * Refuses an external with an unverifiable hash if the catalog or another entry has another node with that
 * hash: it would replace that node wherever the hash is used.
 */
export function refuseShadows(
  entries: readonly (CheckedSpecFile & { where: string })[],
  names: SpecFileNames,
): void {
  const proved = new Map<DagHash, string>();
  for (const { nodes } of entries) {
    for (const specNode of nodes)
      if (isProved(specNode)) proved.set(specNode.node.hash, specFile(specNode.node));
  }
  for (const { where, nodes, unverifiedExternals } of entries) {
    for (const hash of unverifiedExternals) {
      const node = nodes.find((entry) => entry.node.hash === hash)?.node;
      const other = proved.get(hash) ?? names.get(hash);
      if (!node || other === undefined || other === specFile(node)) continue;
      throw new Error(
        `${where}: the external ${node.name}@${node.version} has a hash that proves nothing, /${hash}, ` +
          `which is that of ${other}; rebuild this spec with a Spack that knows that node`,
      );
    }
  }
}

/** Files of unverified nodes whose hash belongs to a verified node of these builds. */
export function findShadows(builds: readonly SpecDag[], names: SpecFileNames): string[] {
  const shadows = new Set<string>();
  for (const { nodes } of builds) {
    for (const specNode of nodes) {
      const name = names.get(specNode.node.hash);
      if (name !== undefined && name !== specFile(specNode.node) && isProved(specNode)) shadows.add(name);
    }
  }
  return [...shadows];
}
