import type { Node, ParameterValue } from '../../schemas/node.ts';
import { variantSegments, variantsOf } from './spec-text.ts';
import type { Segment } from './spec-text.ts';

/** How a package's builds differ in their variants. */
export interface Differences {
  /** Variants that all of them share. */
  common: Segment[];
  /** What is a node's own, in the order of the nodes given. */
  own: Segment[][];
}

/** Splits the variants of a package's builds into those that all share and those that tell them apart. */
export function findDifferences(nodes: readonly Node[]): Differences {
  const variants = nodes.map(variantsOf);
  const [first = new Map<string, ParameterValue>()] = variants;
  const common = new Map(
    [...first].filter(([name, value]) => variants.every((other) => sameValue(other.get(name), value))),
  );
  const own = variants.map((all) => new Map([...all].filter(([name]) => !common.has(name))));
  return { common: variantSegments(common), own: own.map(variantSegments) };
}

function sameValue(left: ParameterValue | undefined, right: ParameterValue): boolean {
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right;
  return left.length === right.length && left.every((value) => right.includes(value));
}
