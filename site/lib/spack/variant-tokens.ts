import type { Node, ParameterValue } from '../../schemas/node.ts';
import { variantsOf } from './spec-text.ts';

/** Variants that say nothing to search for: sums of patches. */
const LEFT_OUT = new Set(['patches']);

/** A node's variants as words to search for: `+mpi`, `~mpi`, `api=default`; of several values one word each. */
export function variantTokens(node: Node): string[] {
  return [...variantsOf(node)]
    .filter(([name]) => !LEFT_OUT.has(name))
    .flatMap(([name, value]) => tokensOf(name, value));
}

function tokensOf(name: string, value: ParameterValue): string[] {
  if (typeof value === 'boolean') return [`${value ? '+' : '~'}${name}`];
  return (Array.isArray(value) ? value : [value]).map((item) => `${name}=${item}`);
}
