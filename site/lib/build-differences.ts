import type { DagHash } from '../schemas/digest.ts';
import { targetOf } from '../schemas/node.ts';
import type { Node } from '../schemas/node.ts';
import { findDifferences } from './differences.ts';
import type { Differences } from './differences.ts';
import { shortHash } from './format.ts';
import { compilersOf, flagSegments, segmentsText } from './spec-text.ts';
import type { Segment } from './spec-text.ts';
import { compareTexts } from './versions.ts';

type Nodes = ReadonlyMap<DagHash, { node: Node }>;

/** Dependencies named in a row at most. */
const MOST_DEPENDENCIES = 4;

/**
 * What tells a package's builds apart beside version, target, system and compiler: variants and compiler flags;
 * where those are the same too, the dependencies that differ, or else the recipe.
 */
export function tellApart(builds: readonly Node[], nodes: Nodes): Differences {
  const { common, own } = findDifferences(builds);
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
  return { common, own: segments };
}

/** What a row of the table says without the dependencies. */
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

/** `^zlib-ng@2.2.4`; with a hash where versions do not tell all apart. */
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
