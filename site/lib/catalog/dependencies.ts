import type { Node } from '../../schemas/node.ts';
import type { SiteCatalog } from './site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';

/** An edge of the DAG, for a page. */
export interface DependencyLine {
  node: Node;
  /** `link`, `run`, `build`, `test`. */
  uses: string[];
  virtuals: string[];
  /** Place of its binary: here, on the builder as an external, or nowhere. */
  source: 'here' | 'external' | 'not cached';
}

/** Uses in order of importance to somebody who installs a binary. */
const USES = ['link', 'run', 'build', 'test'];

/** Direct dependencies of a node: first those needed at run time, each group by name. */
export function describeDependencies(node: Node, { nodes, builds }: SiteCatalog): DependencyLine[] {
  return node.dependencies
    .flatMap(({ hash, parameters }): DependencyLine[] => {
      const dependency = nodes.get(hash)?.node;
      if (!dependency) return [];
      return [
        {
          node: dependency,
          uses: parameters.deptypes.toSorted((left, right) => USES.indexOf(left) - USES.indexOf(right)),
          virtuals: parameters.virtuals,
          source: builds.has(hash) ? 'here' : dependency.external ? 'external' : 'not cached',
        },
      ];
    })
    .sort((left, right) => rank(left) - rank(right) || compareTexts(left.node.name, right.node.name));
}

function rank({ uses }: DependencyLine): number {
  return uses.includes('link') || uses.includes('run') ? 0 : 1;
}
