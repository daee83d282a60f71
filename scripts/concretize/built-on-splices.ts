import type { DagHash } from '../../site/schemas/digest.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';

/**
 * A sentence when something that is not spliced itself is to be built on what is. Spack's old installer then tries it without
 * end; and of a spliced build from a build cache Spack forgets what it was built as, and pushes a spec file that is not what
 * its hashes say.
 * @param planned what is to be built
 * @param known the nodes of the catalog
 */
export function findBuiltOnSplices(
  { concrete_specs: nodes }: Pick<LockFile, 'concrete_specs'>,
  planned: readonly DagHash[],
  known: ReadonlyMap<DagHash, SpecNode>,
): string[] {
  const isSpliced = (hash: DagHash) =>
    (nodes[hash]?.build_spec ?? known.get(hash)?.node.build_spec) !== undefined;
  const found = planned.flatMap((hash) => {
    const node = nodes[hash];
    if (!node || isSpliced(hash)) return [];
    const spliced = node.dependencies.find((one) => isSpliced(one.hash));
    return spliced ? [`${node.name} on ${spliced.name}/${spliced.hash}`] : [];
  });
  if (found.length === 0) return [];
  return [
    `Error: expected nothing new to be built on a spliced package, found ${found.slice(0, 10).join(', ')}: ` +
      'Spack cannot do it; ask for the same splice in this environment with fresh, or for another version or variant',
  ];
}
