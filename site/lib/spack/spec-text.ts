import type { DagHash } from '../../schemas/digest.ts';
import { COMPILER_FLAGS, targetOf, type Node, type ParameterValue } from '../../schemas/node.ts';
import { pythonJson } from './node-text.ts';
import { compareTexts } from './versions.ts';

/** Kind of a part of a spec. Each has its own colour. */
export type SegmentKind = 'name' | 'version' | 'flag' | 'on' | 'off' | 'value' | 'compiler' | 'arch' | 'hash';

/** A part of a spec in Spack's output. */
export interface Segment {
  kind: SegmentKind;
  /** Separator from the segment before: nothing or a space. */
  gap: '' | ' ';
  text: string;
}

/** Virtuals whose providers are compilers. */
const LANGUAGES = ['c', 'cxx', 'fortran'];

/** Number of characters of a patch's sha256 that Spack prints. */
const PATCH_LENGTH = 7;

/**
 * A node in the format of Spack 1.2: name, version, compiler flags, boolean variants, other variants,
 * architecture, compilers. The texts, joined with their gaps, are identical to Spack's output.
 */
export function specSegments(node: Node, nodes: ReadonlyMap<DagHash, { node: Node }>): Segment[] {
  return [
    { kind: 'name', gap: '', text: node.name },
    { kind: 'version', gap: '', text: `@${node.version}` },
    ...flagSegments(node),
    ...variantSegments(variantsOf(node)),
    ...archSegments(node),
    ...compilersOf(node, nodes).map(({ languages, name, version }): Segment => ({
      kind: 'compiler',
      gap: ' ',
      text: `%${languages.join(',')}=${name}@${version}`,
    })),
  ];
}

/** Platform, operating system and target. */
export function archSegments(node: Node): Segment[] {
  return [`platform=${node.arch.platform}`, `os=${node.arch.platform_os}`, `target=${targetOf(node)}`].map(
    (text) => ({ kind: 'arch', gap: ' ', text }),
  );
}

/** Joins segments to one text. */
export function segmentsText(segments: Segment[]): string {
  return segments.map(({ gap, text }) => gap + text).join('');
}

/** A node's parameters without the compiler flags. */
export function variantsOf(node: Node): Map<string, ParameterValue> {
  const flags: readonly string[] = COMPILER_FLAGS;
  return new Map(Object.entries(node.parameters).filter(([name]) => !flags.includes(name)));
}

/** Variants in Spack's order: booleans first, each part by name. */
export function variantSegments(variants: ReadonlyMap<string, ParameterValue>): Segment[] {
  const sorted = [...variants].sort(([left], [right]) => compareTexts(left, right));
  const isBoolean = ([, value]: [string, ParameterValue]): boolean => typeof value === 'boolean';
  return [...sorted.filter(isBoolean), ...sorted.filter((variant) => !isBoolean(variant))].map(
    ([name, value]) => variantSegment(name, value),
  );
}

/** One variant: `+mpi`, `~mpi`, `api=default`, `libs:=shared,static`. */
export function variantSegment(name: string, value: ParameterValue): Segment {
  if (typeof value === 'boolean') {
    return { kind: value ? 'on' : 'off', gap: '', text: `${value ? '+' : '~'}${name}` };
  }
  if (!Array.isArray(value)) return { kind: 'value', gap: ' ', text: `${name}=${quote(String(value))}` };
  // Spack keeps only distinct values.
  const values = [...new Set(value)]
    .map((item) => (name === 'patches' ? item.slice(0, PATCH_LENGTH) : item))
    .sort(compareTexts);
  return { kind: 'value', gap: ' ', text: `${name}:=${quote(values.length === 0 ? '*' : values.join(','))}` };
}

/** A node's variants as search words, one for each value: `+mpi`, `~mpi`, `api=default`. */
export function variantTokens(node: Node): string[] {
  // Digests of patches are useless for searching.
  const variants = [...variantsOf(node)].filter(([name]) => name !== 'patches');
  return variants.flatMap(([name, value]) => {
    if (typeof value === 'boolean') return [`${value ? '+' : '~'}${name}`];
    return (Array.isArray(value) ? value : [value]).map((item) => `${name}=${item}`);
  });
}

/** A compiler that a node was built with, and its languages. */
export interface Compiler {
  hash: DagHash;
  name: string;
  version: string;
  languages: string[];
}

/** Providers of the virtuals `c`, `cxx` and `fortran`, sorted by name. */
export function compilersOf(node: Node, nodes: ReadonlyMap<DagHash, { node: Node }>): Compiler[] {
  return node.dependencies
    .map(({ name, hash, parameters }) => ({
      hash,
      name,
      version: nodes.get(hash)?.node.version ?? '',
      languages: parameters.virtuals.filter((virtual) => LANGUAGES.includes(virtual)).sort(compareTexts),
    }))
    .filter(({ languages }) => languages.length > 0)
    .sort((left, right) => compareTexts(left.name, right.name));
}

/** Compiler flags sorted by name, with a space after them if there are any. */
export function flagSegments(node: Node): Segment[] {
  const segments = [...COMPILER_FLAGS].sort(compareTexts).flatMap((name): Segment[] => {
    const value = node.parameters[name];
    if (!Array.isArray(value) || value.length === 0) return [];
    return [{ kind: 'flag', gap: ' ', text: `${name}=${quote(value.join(' '))}` }];
  });
  // Spack writes this space, too: without it, the first boolean variant would look like part of the flags.
  return segments.length === 0 ? [] : [...segments, { kind: 'flag', gap: ' ', text: '' }];
}

/** Source: Spack's `quote_if_needed`. */
function quote(value: string): string {
  if (/^[a-zA-Z0-9,/_.\-[\]]+$/.test(value)) return value;
  return value.includes("'") ? pythonJson(JSON.stringify(value)) : `'${value}'`;
}
