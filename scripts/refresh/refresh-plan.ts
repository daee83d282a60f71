import { compareTexts } from '../../site/lib/spack/versions.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { resolvePin } from '../../site/lib/catalog/kept-builds.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import {
  type TimeSum,
  kindOf,
  learnTimes,
  sumTimes,
  timeText,
  timedBuilds,
} from '../../site/lib/times/build-times.ts';
import { readPins } from '../catalog/catalog.ts';
import type { Verdict } from './compare.ts';
import prettyBytes from 'pretty-bytes';
import { shortHash, formatNumber } from '../../site/lib/format.ts';
import { escapeMarkdown } from '../github/actions.ts';
import type { WantedVersions } from '../spack/install-spack.ts';

/** Reason why a build is renewed before others. */
export type Rank = 'environment' | 'pinned' | 'needed' | 'other';

export interface RenewedBuild {
  name: string;
  version: string;
  hash: DagHash;
  verdict: Verdict;
  rank: Rank;
  /** Number of cached builds that depend on it. */
  dependents: number;
  /** Size of its tarball in bytes, the best estimate for the next one. */
  size: number;
}

/** Consequences of newer recipes for a cache. */
export interface RefreshPlan {
  counts: Record<Verdict['kind'], number>;
  /** Builds that are not proven unchanged, in the order of renewal. */
  renew: RenewedBuild[];
  bytes: number;
  /** Estimated build time, from earlier builds. */
  time: TimeSum;
}

/** Facts that determine the order. */
export interface RefreshContext {
  builds: ReadonlyMap<DagHash, Build>;
  nodes: ReadonlyMap<DagHash, Node>;
  /** Root hashes of environments. */
  environments: ReadonlySet<DagHash>;
  pinned: ReadonlySet<DagHash>;
}

/** The facts of a catalog that determine the order of renewal. */
export function renewalContext(directory: string, catalog: Catalog): RefreshContext {
  return {
    builds: catalog.builds,
    nodes: new Map([...catalog.nodes].map(([hash, { node }]) => [hash, node])),
    environments: new Set([...catalog.environments.values()].flat()),
    pinned: findPinned(directory, catalog),
  };
}

/** Builds that people pinned, or requested by hand. */
function findPinned(directory: string, { builds }: Catalog): Set<DagHash> {
  const pins = [...readPins(directory).values()];
  const byHand = [...builds.values()].filter(({ origin }) => origin.byHand !== undefined);
  return new Set([
    ...pins.flatMap((pin) => resolvePin(pin, builds).hashes),
    ...byHand.map(({ hash }) => hash),
  ]);
}

const RANKS: readonly Rank[] = ['environment', 'pinned', 'needed', 'other'];
const KINDS: readonly Verdict['kind'][] = ['deprecated', 'removed', 'different', 'unclear', 'unchanged'];

/**
 * Orders the builds to renew: roots of environments, then those that people pinned or built by hand, then dependencies of others (the
 * most needed first), then the rest; builds of a deprecated or removed version come first in each group.
 */
export function planRefresh(verdicts: ReadonlyMap<DagHash, Verdict>, context: RefreshContext): RefreshPlan {
  const dependents = countDependents(context);
  const counts = { unchanged: 0, unclear: 0, different: 0, deprecated: 0, removed: 0 };
  const renew: RenewedBuild[] = [];
  for (const [hash, verdict] of verdicts) {
    counts[verdict.kind] += 1;
    const build = context.builds.get(hash);
    if (verdict.kind === 'unchanged' || build === undefined) continue;
    const count = dependents.get(hash) ?? 0;
    renew.push({
      name: build.name,
      version: build.version,
      hash,
      verdict,
      rank: rankOf(hash, count, context),
      dependents: count,
      size: build.tarball.size,
    });
  }
  renew.sort(
    (a, b) =>
      RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) ||
      KINDS.indexOf(a.verdict.kind) - KINDS.indexOf(b.verdict.kind) ||
      b.dependents - a.dependents ||
      compareTexts(a.name, b.name) ||
      compareTexts(a.hash, b.hash),
  );
  const timed = timedBuilds(
    context.builds.values(),
    new Map([...context.nodes].map(([hash, node]) => [hash, { node }])),
  );
  const kinds = renew.flatMap(({ hash }) => context.nodes.get(hash) ?? []).map(kindOf);
  return {
    counts,
    renew,
    bytes: renew.reduce((sum, { size }) => sum + size, 0),
    time: sumTimes(kinds, learnTimes(timed)),
  };
}

function rankOf(hash: DagHash, dependents: number, { environments, pinned }: RefreshContext): Rank {
  if (environments.has(hash)) return 'environment';
  if (pinned.has(hash)) return 'pinned';
  return dependents > 0 ? 'needed' : 'other';
}

function countDependents({ builds, nodes }: RefreshContext): Map<DagHash, number> {
  const counts = new Map<DagHash, number>();
  for (const hash of builds.keys()) {
    for (const { hash: needed } of nodes.get(hash)?.dependencies ?? [])
      counts.set(needed, (counts.get(needed) ?? 0) + 1);
  }
  return counts;
}

/** Maximum number of rows in the table; the JSON has the whole plan. */
const MAX_ROWS = 50;

const WORDS = {
  environment: 'root of an environment',
  pinned: 'pinned or built by hand',
  needed: 'needed by others',
  other: '',
} as const;

/** Describes the consequences of newer recipes for a cache in Markdown; the last line has the counts. */
export function refreshText({ counts, renew, bytes, time }: RefreshPlan, wanted: WantedVersions): string {
  const rows = renew
    .slice(0, MAX_ROWS)
    .map(
      ({ name, version, hash, verdict, rank }) =>
        `| ${escapeMarkdown(`${name}@${version}`)} /${shortHash(hash)} | ${verdict.kind} | ${escapeMarkdown(verdict.reason.slice(0, 300))} | ${WORDS[rank]} |`,
    );
  const more = renew.length > MAX_ROWS ? [`| and ${renew.length - MAX_ROWS} more | | | |`] : [];
  const table =
    renew.length === 0
      ? []
      : ['| build | verdict | why | priority |', '| --- | --- | --- | --- |', ...rows, ...more, ''];
  return [
    `### With recipes ${escapeMarkdown(wanted.packages)} and Spack ${escapeMarkdown(wanted.spack)}`,
    '',
    ...table,
    `${counts.deprecated} deprecated, ${counts.removed} removed, ${counts.different} different, ${counts.unclear} unclear until solved again, ` +
      `${counts.unchanged} unchanged; to renew: ${formatNumber(renew.length, 'build')}, about ${prettyBytes(bytes, { binary: true })}${renew.length > 0 ? `, ${timeText(time, renew.length)}` : ''}`,
  ].join('\n');
}
