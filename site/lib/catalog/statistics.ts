import { targetOf } from '../../schemas/node.ts';
import type { CatalogBuild, SiteCatalog } from './site-catalog.ts';
import { compilersOf } from '../spack/spec-text.ts';
import { compareTexts } from '../spack/versions.ts';
import { monthOf } from '../format.ts';
import { totalTime } from '../times/build-times.ts';

/** Totals of the cache at the end of a month, and the results of that month. */
export interface MonthNumbers {
  /** `2026-11`. */
  month: string;
  /** Builds published in it that still exist. */
  added: number;
  /** Builds published until its end that still exist. */
  builds: number;
  /** Bytes of their tarballs. */
  bytes: number;
  /** Total build time in seconds of the builds published in it, as far as it was measured. */
  seconds: number;
  /** Number of builds that its runs finished and that failed. Absent: not recorded. */
  built?: number;
  failed?: number;
}

/** All months from the first to the last one with a build or a record, without gaps. */
export function monthlyTotals({ builds, stats }: SiteCatalog): MonthNumbers[] {
  const published = Map.groupBy(builds.values(), ({ build }) => monthOf(build.published));
  const records = new Map(stats.map((record) => [record.month, record]));
  const total = { builds: 0, bytes: 0 };
  return listMonths([...published.keys(), ...records.keys()]).map((month) => {
    const added = published.get(month) ?? [];
    total.builds += added.length;
    total.bytes += added.reduce((sum, { build }) => sum + build.tarball.size, 0);
    const record = records.get(month);
    return {
      month,
      added: added.length,
      ...total,
      seconds: totalTime(added.map(({ build }) => build)).seconds,
      ...(record ? { built: record.builds, failed: record.failures } : {}),
    };
  });
}

const WEEK = 7 * 24 * 3_600_000;

/** Weekly totals of a young cache since its first build, counting builds that still exist. */
export function weeklyTotals({ builds }: Pick<SiteCatalog, 'builds'>): {
  date: Date;
  builds: number;
  bytes: number;
}[] {
  const entries = [...builds.values()].map(({ build }) => ({
    at: Date.parse(build.published),
    size: build.tarball.size,
  }));
  const [first, last] = [Math.min(...entries.map(({ at }) => at)), Math.max(...entries.map(({ at }) => at))];
  if (entries.length === 0) return [];
  return Array.from({ length: Math.floor((last - first) / WEEK) + 1 }, (_, index) => {
    const there = entries.filter(({ at }) => at < first + (index + 1) * WEEK);
    return {
      date: new Date(first + index * WEEK),
      builds: there.length,
      bytes: there.reduce((sum, { size }) => sum + size, 0),
    };
  });
}

/** Percentage of attempted builds that succeeded. Undefined: there were none. */
export function successRate(months: readonly Pick<MonthNumbers, 'built' | 'failed'>[]): number | undefined {
  const built = months.reduce((sum, month) => sum + (month.built ?? 0), 0);
  const failed = months.reduce((sum, month) => sum + (month.failed ?? 0), 0);
  return built + failed === 0 ? undefined : (100 * built) / (built + failed);
}

/** A share of the builds. */
export interface Group {
  name: string;
  builds: number;
  bytes: number;
}

/** Builds by target, the largest group first. */
export function groupByTarget(catalog: SiteCatalog): Group[] {
  return groupBuilds(catalog, (entry) => [targetOf(entry.node)]);
}

/** Builds by operating system. */
export function groupBySystem(catalog: SiteCatalog): Group[] {
  return groupBuilds(catalog, (entry) => [entry.node.arch.platform_os]);
}

/** Group of builds without a compiler: scripts and data. */
const NO_COMPILER = 'no compiler';

/** Builds by compiler; one with two compilers counts for both. */
export function groupByCompiler(catalog: SiteCatalog): Group[] {
  return groupBuilds(catalog, ({ node }) => {
    const compilers = compilersOf(node, catalog.nodes).map(({ name, version }) => `${name} ${version}`);
    return compilers.length > 0 ? [...new Set(compilers)] : [NO_COMPILER];
  });
}

/** Builds by package, the largest total size first. */
export function groupByPackage({ packages }: SiteCatalog): Group[] {
  return [...packages.values()]
    .map(({ name, builds, size }) => ({ name, builds: builds.length, bytes: size }))
    .sort((left, right) => right.bytes - left.bytes || compareTexts(left.name, right.name));
}

function groupBuilds({ builds }: SiteCatalog, namesOf: (entry: CatalogBuild) => string[]): Group[] {
  const groups = new Map<string, Group>();
  for (const entry of builds.values()) {
    for (const name of namesOf(entry)) {
      const group = groups.get(name) ?? { name, builds: 0, bytes: 0 };
      group.builds += 1;
      group.bytes += entry.build.tarball.size;
      groups.set(name, group);
    }
  }
  return [...groups.values()].sort(
    (left, right) => right.builds - left.builds || compareTexts(left.name, right.name),
  );
}

/** All months from the first of the given ones to the last. */
function listMonths(months: readonly string[]): string[] {
  const [first, last] = [...months].sort().filter((_, index, all) => index === 0 || index === all.length - 1);
  const listed: string[] = first === undefined ? [] : [first];
  while (last !== undefined && (listed.at(-1) ?? last) < last) listed.push(nextMonth(listed.at(-1) ?? last));
  return listed;
}

function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return monthOf(new Date(Date.UTC(year, number)).toISOString());
}
