import type { DagHash } from '../../schemas/digest.ts';
import { targetOf, type Node, type ParameterValue } from '../../schemas/node.ts';
import { shortHash } from '../format.ts';
import {
  compilersOf,
  flagSegments,
  segmentsText,
  variantSegment,
  variantSegments,
  variantsOf,
  type Segment,
} from '../spack/spec-text.ts';
import { compareTexts } from '../spack/versions.ts';

/** Differences between the variants of a package's builds. */
export interface Differences {
  common: Segment[];
  /** Variants that not all share, per node, in the order of the given nodes. */
  own: Segment[][];
}

type Nodes = ReadonlyMap<DagHash, { node: Node }>;

/** Maximum number of dependencies in a row. */
const MOST_DEPENDENCIES = 4;

/**
 * If there are more builds, rows show only unusual values,
 * because differences get lost among a dozen variants.
 */
const MOST_SPELLED_OUT = 8;

/** Differences between a package's builds, for the rows of a table. */
export interface ToldApart extends Differences {
  /**
   * Most common values of what differs; rows show only deviations from these. Empty: rows show everything.
   */
  usual: Segment[];
}

/**
 * Differences between a package's builds besides version, target, system and compiler: variants and compiler
 * flags or, if those are the same, dependencies, or else the recipe.
 */
export function tellApart(builds: readonly Node[], nodes: Nodes): ToldApart {
  const { common, own, usual } =
    builds.length > MOST_SPELLED_OUT ? findDeviations(builds) : { ...findDifferences(builds), usual: [] };
  const flags = builds.map((node) => flagSegments(node));
  const flagsDiffer = new Set(flags.map(segmentsText)).size > 1;
  const segments = own.map((list, index) => [...(flagsDiffer ? (flags[index] ?? []) : []), ...list]);
  const rows = builds.map((node, index) => ({
    node,
    index,
    key: rowKey(node, segments[index] ?? [], nodes),
  }));
  for (const alike of Map.groupBy(rows, ({ key }) => key).values()) {
    if (alike.length < 2) continue;
    const further = tellAlikeApart(
      alike.map(({ node }) => node),
      nodes,
    );
    for (const [place, { index }] of alike.entries()) segments[index]?.push(...(further[place] ?? []));
  }
  return { common, usual, own: segments };
}

function findDeviations(builds: readonly Node[]): ToldApart {
  const { common } = findDifferences(builds);
  const shared = new Set(common.map(({ text }) => text));
  const variants = builds.map(variantsOf);
  const names = [...new Set(variants.flatMap((map) => [...map.keys()]))].sort(compareTexts);
  const usual = new Map<string, ParameterValue>();
  const deviations = variants.map(() => new Map<string, ParameterValue>());
  const missing = variants.map((): Segment[] => []);
  for (const name of names) {
    const texts = variants.map((map) => valueText(name, map));
    const [usualText] = mostFrequent(texts);
    if (usualText !== undefined && shared.has(usualText)) continue;
    const value = variants[texts.indexOf(usualText)]?.get(name);
    if (value !== undefined) usual.set(name, value);
    for (const [index, text] of texts.entries()) {
      const own = variants[index]?.get(name);
      if (text === usualText) continue;
      if (own !== undefined) deviations[index]?.set(name, own);
      else missing[index]?.push({ kind: 'off', gap: ' ', text: `no ${name}` });
    }
  }
  const own = deviations.map((map, index) => [...variantSegments(map), ...(missing[index] ?? [])]);
  return { common, usual: variantSegments(usual), own };
}

/** A variant as Spack prints it. Undefined: the build does not have the variant. */
function valueText(name: string, variants: ReadonlyMap<string, ParameterValue>): string | undefined {
  const value = variants.get(name);
  return value === undefined ? undefined : variantSegment(name, value).text;
}

function mostFrequent<Item>(items: readonly Item[]): Item[] {
  return [...Map.groupBy(items, (item) => item)]
    .sort(([, left], [, right]) => right.length - left.length)
    .map(([item]) => item);
}

/** Key of a table row's content, without dependencies. */
function rowKey(node: Node, own: Segment[], nodes: Nodes): string {
  const compilers = compilersOf(node, nodes).map(({ name, version }) => `${name}@${version}`);
  return JSON.stringify([node.version, targetOf(node), node.arch, compilers, segmentsText(own)]);
}

function tellAlikeApart(alike: readonly Node[], nodes: Nodes): Segment[][] {
  const direct = alike.map((node) => new Map(node.dependencies.map(({ name, hash }) => [name, hash])));
  const names = [...new Set(direct.flatMap((map) => [...map.keys()]))].sort(compareTexts);
  const differing = names.filter((name) => new Set(direct.map((map) => map.get(name))).size > 1);
  if (differing.length === 0) {
    return alike.map(({ package_hash: recipe }) =>
      recipe === undefined ? [] : [{ kind: 'value', gap: ' ', text: `recipe ${shortHash(recipe)}` }],
    );
  }
  return direct.map((map) => {
    const shown = differing
      .slice(0, MOST_DEPENDENCIES)
      .map((name) => dependencySegment(name, map, direct, nodes));
    const rest = differing.length - shown.length;
    return rest === 0 ? shown : [...shown, { kind: 'hash', gap: ' ', text: `and ${rest} more` }];
  });
}

/** `^zlib-ng@2.2.4`, with a hash if versions alone are ambiguous. */
function dependencySegment(
  name: string,
  own: ReadonlyMap<string, DagHash>,
  all: readonly ReadonlyMap<string, DagHash>[],
  nodes: Nodes,
): Segment {
  const versionIn = (map: ReadonlyMap<string, DagHash>): string | undefined =>
    nodes.get(map.get(name) ?? '')?.node.version;
  const hash = own.get(name);
  if (hash === undefined) return { kind: 'off', gap: ' ', text: `no ${name}` };
  const versions = new Set(all.map(versionIn)).size;
  const hashes = new Set(all.map((map) => map.get(name))).size;
  const tail = [versions > 1 && `@${versionIn(own)}`, hashes > versions && `/${shortHash(hash)}`];
  return { kind: 'version', gap: ' ', text: `^${name}${tail.filter(Boolean).join('')}` };
}

/** Splits the variants of a package's builds into those that all share and those that differ. */
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
