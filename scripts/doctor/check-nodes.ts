import { join } from 'node:path';
import { specFile } from '../../site/lib/catalog/catalog-files.ts';
import { findUnreadable } from '../../site/lib/spack/node-faults.ts';
import { computeDagHash, isOwnHash } from '../build-cache/spec-file.ts';
import { imageTag } from '../oci/image.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';

/**
 * Recomputes the hash of every node, and proves that every DAG is whole and that clients can read all of it.
 * @returns whether they can
 */
export function checkNodes({ directory, catalog }: ExaminedCatalog, diagnosis: Diagnosis): boolean {
  const { nodes, builds } = catalog;
  const unreadable = findUnreadable(nodes);
  const unproved = new Set(
    [...builds.values()].flatMap(({ unverifiedExternals = [] }) => unverifiedExternals),
  );
  for (const entry of nodes.values()) {
    const { node, text } = entry;
    if (isOwnHash(entry) || (node.external && unproved.has(node.hash))) continue;
    diagnosis.add('hash-mismatch', {
      where: join(directory, specFile(node)),
      expected: `a node whose hash is ${node.hash}`,
      found: `one whose hash is ${computeDagHash(text)}`,
    });
  }
  diagnosis.count('catalog', 'nodes are what their hash says', nodes.size);

  const missing = new Set<string>();
  for (const { node, reason, through } of unreadable.values()) {
    if (through === undefined) {
      const expected = 'a node that every client can read';
      diagnosis.add('node-unreadable', { where: join(directory, specFile(node)), expected, found: reason });
    } else if (!nodes.has(through) && !missing.has(through)) {
      missing.add(through);
      const name = node.dependencies.find(({ hash }) => hash === through)?.name ?? '';
      diagnosis.add('node-missing', {
        where: join(directory, 'specs', name),
        expected: `the node ${name}/${through}, which ${node.name}@${node.version}/${node.hash} depends on`,
        found: 'none: every index leaves out what needs it',
      });
    }
  }
  diagnosis.count('catalog', 'DAGs are whole and readable', builds.size);

  for (const build of builds.values()) {
    const node = nodes.get(build.hash)?.node;
    if (!node) continue;
    const tag = imageTag(node);
    if (build.name === node.name && build.version === node.version && build.image.tag === tag) continue;
    diagnosis.add('build-differs', {
      where: join(directory, 'builds', build.name),
      expected: [node.name, node.version, tag].join(' '),
      found: [build.name, build.version, build.image.tag].join(' '),
    });
  }
  return unreadable.size === 0;
}
