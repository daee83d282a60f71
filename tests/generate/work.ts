import type { WorkNode } from '../../scripts/waves/work-graph.ts';
import type { Random } from './random.ts';

/** Longest build time in seconds; a medium one takes two minutes. */
const LONGEST_SECONDS = 7_200;
const LAYER_NODES = 30;

/**
 * Invents graphs of dependencies that do not look like Spack's. `wide`: most nodes need a few common ones.
 * `deep`: nodes need recent ones, in long chains. `layers`: a node needs some of the layer below its own.
 */
export const SHAPES = {
  wide: {
    nodes: 400,
    needs: (random: Random, node: number) => drawUpTo(random, 4, () => random.fraction() ** 3 * node),
  },
  deep: {
    nodes: 250,
    needs: (random: Random, node: number) =>
      drawUpTo(random, 4, () => Math.max(0, node - 1 - random.fraction() ** 2 * 40)),
  },
  layers: {
    nodes: 300,
    needs: (random: Random, node: number) => {
      const below = Math.floor(node / LAYER_NODES) - 1;
      return below < 0
        ? []
        : [
            below * LAYER_NODES + random.below(LAYER_NODES),
            ...drawUpTo(random, 3, () => (below + random.fraction()) * LAYER_NODES),
          ];
    },
  },
};

function drawUpTo(random: Random, most: number, draw: () => number): number[] {
  return Array.from({ length: random.below(most + 1) }, () => Math.floor(draw()));
}

/** Invents work of one of the shapes. */
export function inventWork(
  random: Random,
  shape: keyof typeof SHAPES,
): Map<string, WorkNode & { name: string }> {
  const { nodes, needs } = SHAPES[shape];
  const nameOf = (node: number) => `n${String(node).padStart(4, '0')}`;
  return new Map(
    Array.from({ length: nodes }, (_, node) => {
      const name = nameOf(node);
      const direct = node === 0 ? [] : [...new Set(needs(random, node))].map(nameOf);
      const seconds = Math.min(LONGEST_SECONDS, random.logNormal(120, 1.3));
      return [name, { name, seconds, needs: direct, group: 'one' }];
    }),
  );
}
