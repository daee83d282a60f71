import { DAY_MS } from '../../site/lib/format.ts';
import { rankBuilds } from '../../site/lib/mirror/rank.ts';
import { groupByRelease, runtimeClosure } from '../../site/lib/mirror/views.ts';
import { compilersOf } from '../../site/lib/spack/spec-text.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import type { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { targetOf } from '../../site/schemas/node.ts';
import { Size } from '../../site/schemas/settings.ts';
import type { Pin } from '../../site/schemas/kept-builds.ts';
import type { Removed } from '../../site/schemas/removed.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { resolvePin } from '../../site/lib/catalog/kept-builds.ts';

/** Default number of recipe releases whose builds are kept. A release comes out every half year. */
const USUAL_RELEASES = 2;

/** All inputs of a plan. */
export interface PruneInput {
  catalog: Pick<Catalog, 'builds' | 'nodes' | 'environments'> & Partial<Pick<Catalog, 'snapshots'>>;
  /** Roots of locks that wait for their builds, keyed by environment. Absent when there are none. */
  next?: ReadonlyMap<string, readonly DagHash[]>;
  /** Keyed by file name without extension. */
  pins: ReadonlyMap<string, Pin>;
  removed: ReadonlyMap<DagHash, Removed>;
  retention: BuildCacheSettings['retention'];
  now: Date;
}

/** Actions of a prune run, in this order. */
export interface PrunePlan {
  /** Removed builds to restore: a newer build needs them at run time, or a pin now names them. */
  restore: Removed[];
  /** Builds to remove from the catalog and the index, each with the rule that applied, in words. */
  remove: { build: Build; reason: string }[];
  /** Builds whose grace period is over: the registry deletes them. */
  expire: Removed[];
  /** Builds that stay, with the reason. */
  kept: Map<DagHash, string>;
  /** Bytes of the tarballs in the catalog, each blob counted once. */
  bytes: { before: number; after: number };
  /** Warnings for the owner. */
  warnings: string[];
}

/**
 * Decides which builds to remove. Pure: the same input gives the same plan, and after a plan was applied the
 * next one is empty.
 *
 * Always kept, with everything that they need at run time: the roots of environments' locks (including locks
 * that wait for their builds), builds that a snapshot or a pin names, and builds of as many recipe releases
 * as the owner asks for. Then builds of the newest releases if the owner gives no number, young builds, and
 * the newest of each kind. If a size is set, these last groups are added by rank, as on the mirror (used by
 * many, young, small first), while there is room.
 */
export function planPrune(input: PruneInput): PrunePlan {
  const { catalog, removed, retention, now } = input;
  const { needed, builds } = restoreNeeded(input);
  const kept = new KeptBuilds(builds, catalog.nodes);
  const warnings = keepNamed(kept, input);
  const byRule = keepByRule([...builds.values()], catalog.nodes, retention, now);
  const releases = [...groupByRelease(builds.values())].slice(0, retention.releases ?? USUAL_RELEASES);
  for (const [release, members] of releases) {
    const reason = `release ${release} of the recipes`;
    const hashes = members.map(({ hash }) => hash);
    if (retention.releases !== undefined) kept.add(hashes, reason);
    else for (const hash of hashes) byRule.set(hash, reason);
  }

  const limit = retention.size === undefined ? Infinity : Size.parse(retention.size);
  const room = limit - kept.bytes();
  if (room < 0) {
    warnings.push(
      `retention.size: the builds that environments, snapshots, pins and releases need take more than ${retention.size ?? ''}; remove some of them, or raise it`,
    );
  }
  const rejected = takeByRank(kept, byRule, room);

  const remove = [...builds.values()]
    .filter(({ hash }) => !kept.has(hash) && catalog.builds.has(hash))
    .map((build) => ({
      build,
      reason: rejected.has(build.hash)
        ? `the tarballs would take more than ${retention.size ?? ''}`
        : `older than ${retention.days} days, and not among the newest ${retention.newest} of its kind`,
    }));
  const before = sumTarballs(
    [...builds.values()].filter(({ hash }) => catalog.builds.has(hash) || kept.has(hash)),
  );
  // The dependents of the others are removed in this plan, too, so the others stay removed.
  const restore = needed.filter(({ hash }) => kept.has(hash));
  const restored = new Set(restore.map(({ hash }) => hash));
  return {
    restore,
    remove,
    expire: [...removed.values()].filter(
      (record) => !restored.has(record.hash) && isOver(record, retention.graceDays, now),
    ),
    kept: kept.reasons,
    bytes: { before, after: kept.bytes() },
    warnings,
  };
}

/** Builds that stay, each with everything that it needs at run time. */
class KeptBuilds {
  /** Keyed by the build's hash. The first reason counts. */
  readonly reasons = new Map<DagHash, string>();
  readonly builds: ReadonlyMap<DagHash, Build>;
  readonly nodes: Catalog['nodes'];

  constructor(builds: ReadonlyMap<DagHash, Build>, nodes: Catalog['nodes']) {
    this.builds = builds;
    this.nodes = nodes;
  }

  has(hash: DagHash): boolean {
    return this.reasons.has(hash);
  }

  add(hashes: Iterable<DagHash>, reason: string): void {
    const present = [...hashes].filter((hash) => this.nodes.has(hash));
    for (const hash of present) if (this.builds.has(hash) && !this.has(hash)) this.reasons.set(hash, reason);
    for (const hash of runtimeClosure(present, this.nodes, this.builds)) {
      if (!this.has(hash)) this.reasons.set(hash, `needed by what is kept: ${reason}`);
    }
  }

  /** Bytes of the tarballs. */
  bytes(): number {
    return this.bytesOf(this.reasons.keys());
  }

  bytesOf(hashes: Iterable<DagHash>): number {
    return sumTarballs([...hashes].flatMap((hash) => this.builds.get(hash) ?? []));
  }
}

/**
 * Keeps the builds that environments, snapshots and pins name.
 * @returns warnings about pins that match no build
 */
function keepNamed(kept: KeptBuilds, { catalog, next, pins }: PruneInput): string[] {
  for (const [name, roots] of catalog.environments) kept.add(roots, `environment ${name}`);
  for (const [name, roots] of next ?? []) kept.add(roots, `environment ${name}, solved again`);
  for (const [name, hashes] of catalog.snapshots ?? []) kept.add(hashes, `snapshot ${name}`);
  return [...pins].flatMap(([name, pin]) => {
    const { hashes, missing } = resolvePin(pin, kept.builds);
    kept.add(hashes, `pin ${name}: ${pin.reason}`);
    return missing.length > 0 ? [`pins/${name}.yaml: no build here matches ${missing.join(', ')}`] : [];
  });
}

/** Finds removed builds that may have to be restored, and returns them with the builds of the catalog. */
function restoreNeeded({ catalog, pins, removed, retention }: PruneInput): {
  needed: Removed[];
  builds: Map<DagHash, Build>;
} {
  const { builds, nodes, environments, snapshots = new Map<string, readonly DagHash[]>() } = catalog;
  const inGrace = new Map(
    [...removed.values()].flatMap(({ hash, grace }) =>
      grace && !builds.has(hash) && nodes.has(hash) ? [[hash, grace.build] as const] : [],
    ),
  );
  const pinned = [...pins.values()].flatMap((pin) => resolvePin(pin, inGrace).hashes);
  const releases = [...groupByRelease([...builds.values(), ...inGrace.values()])].slice(
    0,
    retention.releases ?? 0,
  );
  const released = releases.flatMap(([, members]) => members.map(({ hash }) => hash));
  const named = [...environments.values(), ...snapshots.values(), released].flat();
  const roots = [...builds.keys(), ...named, ...pinned];
  const closure = runtimeClosure(
    roots.filter((hash) => nodes.has(hash)),
    nodes,
    inGrace,
  );
  const needed = [...removed.values()].filter(({ hash }) => closure.has(hash));
  return {
    needed,
    builds: new Map([
      ...builds,
      ...needed.flatMap(({ hash, grace }) => (grace ? [[hash, grace.build] as const] : [])),
    ]),
  };
}

/** Builds kept by their age or as the newest of their kind, with that reason. */
function keepByRule(
  builds: readonly Build[],
  nodes: Catalog['nodes'],
  { days, newest }: BuildCacheSettings['retention'],
  now: Date,
): Map<DagHash, string> {
  const kept = new Map<DagHash, string>();
  const kinds = Map.groupBy(builds, (build) => kindOf(build, nodes));
  for (const members of kinds.values()) {
    const byAge = members.toSorted(
      (a, b) => compareTexts(b.published, a.published) || compareTexts(a.hash, b.hash),
    );
    for (const { hash } of byAge.slice(0, newest)) kept.set(hash, `among the newest ${newest} of its kind`);
  }
  for (const { hash, published } of builds) {
    if (now.getTime() - Date.parse(published) < days * DAY_MS) kept.set(hash, `younger than ${days} days`);
  }
  return kept;
}

/** Key of a kind: package, version, target and compilers. */
function kindOf(build: Build, nodes: Catalog['nodes']): string {
  const node = nodes.get(build.hash)?.node;
  const compilers = node ? compilersOf(node, nodes).map(({ name, version }) => `${name}@${version}`) : [];
  return [
    build.name,
    build.version,
    node ? targetOf(node) : '',
    node?.arch.platform_os ?? '',
    ...compilers,
  ].join(' ');
}

/** Keeps builds by rank, each only if its run-time dependencies fit, too. @returns those that do not fit */
function takeByRank(
  kept: KeptBuilds,
  reasons: ReadonlyMap<DagHash, string>,
  room: number,
): ReadonlySet<DagHash> {
  const rejected = new Set<DagHash>();
  let left = room;
  for (const { build, closure } of rankBuilds([...kept.builds.values()], kept.nodes)) {
    const reason = reasons.get(build.hash);
    if (reason === undefined || kept.has(build.hash)) continue;
    const cost = kept.bytesOf([...closure].filter((hash) => !kept.has(hash)));
    if (cost > left) {
      rejected.add(build.hash);
      continue;
    }
    left -= cost;
    kept.add([build.hash], reason);
  }
  return rejected;
}

function isOver({ grace, stays }: Removed, graceDays: number, now: Date): boolean {
  const removed = stays.at(-1)?.removed;
  return (
    grace !== undefined && removed !== undefined && now.getTime() - Date.parse(removed) >= graceDays * DAY_MS
  );
}

function sumTarballs(builds: Iterable<Build>): number {
  const sizes = new Map([...builds].map(({ tarball }) => [tarball.digest, tarball.size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
