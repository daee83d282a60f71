import type { DagHash } from '../../schemas/digest.ts';
import { COMPILER_FLAGS, targetOf, type Node, type ParameterValue } from '../../schemas/node.ts';
import { pythonJson } from './node-text.ts';
import { compareTexts } from './versions.ts';

/** What a part of a spec is; each has its colour. */
export type SegmentKind = 'name' | 'version' | 'flag' | 'on' | 'off' | 'value' | 'compiler' | 'arch' | 'hash';

/** A part of a spec as Spack prints it. */
export interface Segment {
  kind: SegmentKind;
  /** What separates it from the segment before: nothing or a space. */
  gap: '' | ' ';
  text: string;
}

/** Virtuals whose providers are compilers. */
const LANGUAGES = ['c', 'cxx', 'fortran'];

/** How many characters of a patch's sha256 Spack prints. */
const PATCH_LENGTH = 7;

/**
 * A node as Spack 1.2 prints it: name, version, compiler flags, boolean variants, other variants, architecture,
 * compilers. Joined with their gaps, the texts are Spack's own, character by character.
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

/** Segments as one text. */
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
  // Spack keeps each value once.
  const values = [...new Set(value)]
    .map((item) => (name === 'patches' ? item.slice(0, PATCH_LENGTH) : item))
    .sort(compareTexts);
  return { kind: 'value', gap: ' ', text: `${name}:=${quote(values.length === 0 ? '*' : values.join(','))}` };
}

/** A node's variants as words to search for: `+mpi`, `~mpi`, `api=default`; of several values one word each. */
export function variantTokens(node: Node): string[] {
  // Sums of patches say nothing to search for.
  const variants = [...variantsOf(node)].filter(([name]) => name !== 'patches');
  return variants.flatMap(([name, value]) => {
    if (typeof value === 'boolean') return [`${value ? '+' : '~'}${name}`];
    return (Array.isArray(value) ? value : [value]).map((item) => `${name}=${item}`);
  });
}

/** A compiler that a node was built with, and for which languages. */
export interface Compiler {
  name: string;
  version: string;
  languages: string[];
}

/** The providers of the virtuals `c`, `cxx` and `fortran`, by name. */
export function compilersOf(node: Node, nodes: ReadonlyMap<DagHash, { node: Node }>): Compiler[] {
  return node.dependencies
    .map(({ name, hash, parameters }) => ({
      name,
      version: nodes.get(hash)?.node.version ?? '',
      languages: parameters.virtuals.filter((virtual) => LANGUAGES.includes(virtual)).sort(compareTexts),
    }))
    .filter(({ languages }) => languages.length > 0)
    .sort((left, right) => compareTexts(left.name, right.name));
}

/** Compiler flags in the order of their names, with a space after them where there are any. */
export function flagSegments(node: Node): Segment[] {
  const segments = [...COMPILER_FLAGS].sort(compareTexts).flatMap((name): Segment[] => {
    const value = node.parameters[name];
    if (!Array.isArray(value) || value.length === 0) return [];
    return [{ kind: 'flag', gap: ' ', text: `${name}=${quote(value.join(' '))}` }];
  });
  // Spack's own space: without it the first boolean variant would read as part of the flags.
  return segments.length === 0 ? [] : [...segments, { kind: 'flag', gap: ' ', text: '' }];
}

/** Source: Spack's `quote_if_needed`. */
function quote(value: string): string {
  if (/^[a-zA-Z0-9,/_.\-[\]]+$/.test(value)) return value;
  return value.includes("'") ? pythonJson(JSON.stringify(value)) : `'${value}'`;
}
