import type { Build } from '../../schemas/build.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { nodeOf } from '../spack/database.ts';
import { createIndexSize, sizeOfIndex, sizeOfIndexes, type IndexSize } from './index-size.ts';
import { rankBuilds, type RankedBuild } from './rank.ts';
import { estimateSite } from './site-bytes.ts';
import { takeRetired, type RetiredBuild } from './retired.ts';
import { ALL_VIEW, listViews, namedViews, platformViews, sortByManifest, monthView } from './views.ts';
import type { SpecNode } from '../spack/dag.ts';
import { compareTexts } from '../spack/versions.ts';

/** Size of a spec manifest with its signature. */
export const MANIFEST_BYTES = 1_800;

/** Copies of each index on the site: the previous deployment's stays, because Pages caches for 10 minutes. */
export const INDEX_COPIES = 2;

/**
 * Share of the budget for monthly views. Each lists everything
 * published up to then, nearly a copy of the index.
 */
export const MONTHS_SHARE = 0.1;

/** Everything that could be served. */
export interface MirrorInput {
  builds: readonly Build[];
  /** Every node of every build's DAG. */
  nodes: ReadonlyMap<DagHash, SpecNode>;
  /** Root hashes of each environment, keyed by name. */
  environments: ReadonlyMap<string, readonly DagHash[]>;
  /** Hashes of each snapshot, keyed by name. Absent: there are none. */
  snapshots?: ReadonlyMap<string, readonly DagHash[]>;
  /** Removed builds that clients with an older index may still ask for; see `listRetired`. Absent: none. */
  retired?: readonly RetiredBuild[];
  /** Bytes of the pages of failures. Absent: there are none. */
  failureBytes?: number;
}

/** Contents of the HTTPS mirror. The registry always has everything. */
export interface MirrorPlan {
  /** Builds whose tarballs are on the mirror, by rank. */
  served: Set<DagHash>;
  /** Builds that are still served but no longer listed. */
  retired: readonly RetiredBuild[];
  /** Builds whose spec files are on the mirror. Ordinary clients never read them. */
  servedConfigs: Set<DagHash>;
  /** Builds in the mirror's own index, in its order: those whose whole run-time closure is served. */
  listed: Set<DagHash>;
  /** Builds of each view in the order of an index, keyed by name: first `all`, then the others sorted. */
  views: Map<string, DagHash[]>;
  bytes: MirrorBytes;
  leftOut: {
    /** Builds whose tarballs are only in the registry, by rank. */
    builds: DagHash[];
    /** Bytes of their tarballs. */
    bytes: number;
    /** Number of spec files that are only in the registry. */
    configs: number;
    /** Names of monthly views that exceed their share, the newest first. */
    views: string[];
  };
}

/** Use of the budget, in bytes. */
export interface MirrorBytes {
  /** The site's pages and API, estimated. */
  site: number;
  manifests: number;
  /** Blobs of index and views, including those of the previous deployment. */
  indexes: number;
  tarballs: number;
  configs: number;
  total: number;
  budget: number;
}

/**
 * Decides what to put on the mirror, within a budget in bytes for the whole site. Pure: the same catalog and
 * budget give the same plan, so that the site can show what the mirror will serve.
 *
 * It first reserves space for the site's pages, the manifests and the index of everything. Then it adds
 * builds by rank, each with its whole run-time closure and its share of the views, or not at all; after one
 * that does not fit, smaller ones may still fit. Spec files get what is left.
 *
 * Tarballs are served as Spack writes them, with gzip. Spack 1.0 to 1.2 can also open them recompressed with
 * xz. For 80 tarballs of Debian's programs and libraries, 87 MB, that saved 28% in total and 20% in the
 * median, but unpacking took 4.5 times as long (Python's lzma and zlib). A quarter more builds on the site is
 * not worth slower installation of all builds and two digests per build; the registry has all builds anyway.
 */
export function planMirror(input: MirrorInput, budget: number): MirrorPlan {
  const { nodes } = input;
  const builds = sortByManifest(input.builds);
  const everything = hashesOf(builds);
  const ranked = rankBuilds(builds, nodes);
  const named = namedViews(input, builds, nodes);
  const site = estimateSite(builds) + (input.failureBytes ?? 0);
  const retired = takeRetired(input.retired ?? [], budget);
  const retiredBytes = tarballBytes(retired.map(({ build }) => build));
  const manifests = MANIFEST_BYTES * (builds.length + retired.length);
  const monthsRoom = Math.min(MONTHS_SHARE * budget, INDEX_COPIES * monthsBytes(listMonths(builds, nodes)));
  const reserved =
    site + manifests + retiredBytes + INDEX_COPIES * sizeOfIndex(everything, nodes) + monthsRoom;

  const served = takeClosures(ranked, viewsByBuild(builds, nodes, named), nodes, budget - reserved);
  const listed = builds.filter(({ hash }) => served.has(hash));
  const months = listMonths(listed, nodes);
  const monthCount = countMonths(months, monthsRoom / INDEX_COPIES);
  const views = listViews(
    listed,
    nodes,
    named,
    months.slice(0, monthCount).map(({ view }) => view),
  );
  const indexes = INDEX_COPIES * sizeOfIndexes([everything, hashesOf(listed), ...views.values()], nodes);
  const tarballs = tarballBytes(listed) + retiredBytes;
  const total = site + manifests + indexes + tarballs;
  const configs = takeConfigs(ranked, served, budget - total);
  const leftOut = ranked.map(({ build }) => build).filter(({ hash }) => !served.has(hash));
  return {
    served,
    retired,
    servedConfigs: configs.taken,
    listed: new Set(hashesOf(listed)),
    views: new Map([[ALL_VIEW, everything], ...views]),
    bytes: {
      site,
      manifests,
      indexes,
      tarballs,
      configs: configs.bytes,
      total: total + configs.bytes,
      budget,
    },
    leftOut: {
      builds: hashesOf(leftOut),
      bytes: tarballBytes(leftOut),
      configs: builds.length - configs.taken.size,
      views: months.slice(monthCount).map(({ view }) => view),
    },
  };
}

function hashesOf(builds: readonly Build[]): DagHash[] {
  return builds.map(({ hash }) => hash);
}

function tarballBytes(builds: readonly Build[]): number {
  return builds.reduce((sum, { tarball }) => sum + tarball.size, 0);
}

/**
 * Names of the views that each build belongs to, with `''` for the mirror's own index. The view of a target
 * or operating system that has every build is left out, because it is the same blob as the index.
 */
function viewsByBuild(
  builds: readonly Build[],
  nodes: ReadonlyMap<DagHash, SpecNode>,
  environments: ReadonlyMap<string, ReadonlySet<DagHash>>,
): Map<DagHash, string[]> {
  const platforms = new Map(builds.map(({ hash }) => [hash, platformViews(nodeOf(hash, hash, nodes).node)]));
  const members = Map.groupBy([...platforms.values()].flat(), (view) => view);
  const shared = (view: string): boolean => members.get(view)?.length === builds.length;
  return new Map(
    [...platforms].map(([hash, views]) => [
      hash,
      [
        '',
        ...views.filter((view) => !shared(view)),
        ...[...environments].filter(([, hashes]) => hashes.has(hash)).map(([view]) => view),
      ],
    ]),
  );
}

/** Takes builds by rank, each with its run-time closure, as long as there is room (in bytes). */
function takeClosures(
  ranked: readonly RankedBuild[],
  views: ReadonlyMap<DagHash, readonly string[]>,
  nodes: ReadonlyMap<DagHash, SpecNode>,
  bytes: number,
): Set<DagHash> {
  const tarballs = new Map(ranked.map(({ build }) => [build.hash, build.tarball.size]));
  const indexes = new Map<string, IndexSize>();
  const served = new Set<DagHash>();
  let room = bytes;
  for (const { closure } of ranked) {
    const missing = [...closure].filter((hash) => !served.has(hash));
    let cost = missing.reduce((sum, hash) => sum + (tarballs.get(hash) ?? 0), 0);
    const undo: (() => void)[] = [];
    for (const [hash, view] of missing.flatMap((hash) =>
      (views.get(hash) ?? []).map((view) => [hash, view] as const),
    )) {
      if (cost > room) break;
      const index = indexes.get(view) ?? createIndexSize(nodes);
      indexes.set(view, index);
      const before = index.bytes;
      const added = index.add(hash);
      cost += INDEX_COPIES * (index.bytes - before);
      undo.push(() => index.remove(added));
    }
    if (cost > room) {
      for (const remove of undo) remove();
      continue;
    }
    room -= cost;
    for (const hash of missing) served.add(hash);
  }
  return served;
}

/** Takes the spec files of served builds by rank, as long as there is room (in bytes). */
function takeConfigs(
  ranked: readonly RankedBuild[],
  served: ReadonlySet<DagHash>,
  room: number,
): { taken: Set<DagHash>; bytes: number } {
  const taken = new Set<DagHash>();
  let bytes = 0;
  for (const { build } of ranked) {
    const { size } = build.image.config;
    if (!served.has(build.hash) || bytes + size > room) continue;
    taken.add(build.hash);
    bytes += size;
  }
  return { taken, bytes };
}

/** The view of builds published up to the end of a month. */
interface MonthlyView {
  /** `month-2026-11`. */
  view: string;
  /** Bytes of its index. */
  bytes: number;
}

/** Months in which builds were published, the newest first. */
function listMonths(builds: readonly Build[], nodes: ReadonlyMap<DagHash, SpecNode>): MonthlyView[] {
  const byView = Map.groupBy(builds, monthView);
  const size = createIndexSize(nodes);
  return [...byView]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([view, members]) => {
      for (const { hash } of members) size.add(hash);
      return { view, bytes: size.bytes };
    })
    .reverse();
}

/** Bytes of the indexes of months. The newest month's is the index of all builds and costs nothing. */
function monthsBytes(months: readonly MonthlyView[]): number {
  return months.slice(1).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Number of months, from the newest on, that fit into a number of bytes. */
function countMonths(months: readonly MonthlyView[], bytes: number): number {
  let count = 1;
  while (count < months.length && monthsBytes(months.slice(0, count + 1)) <= bytes) count += 1;
  return Math.min(count, months.length);
}
