import type { Node } from '../../schemas/node.ts';
import type { SiteCatalog } from './site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';

/** An edge of the DAG as a page shows it. */
export interface DependencyLine {
  node: Node;
  /** `link`, `run`, `build`, `test`. */
  uses: string[];
  virtuals: string[];
  /** Where its binary is: here, on the builder as an external, or nowhere. */
  source: 'here' | 'external' | 'not cached';
}

/** The order in which uses matter to those who install a binary. */
const USES = ['link', 'run', 'build', 'test'];

/** A node's direct dependencies: those it needs to run first, each group by name. */
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
