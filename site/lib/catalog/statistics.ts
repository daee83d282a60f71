import { targetOf } from '../../schemas/node.ts';
import type { CatalogBuild, SiteCatalog } from './site-catalog.ts';
import { compilersOf } from '../spack/spec-text.ts';
import { compareTexts } from '../spack/versions.ts';
import { monthOf } from '../format.ts';
import { totalTime } from '../times/build-times.ts';

/** What the cache had at the end of a month, and what the month brought. */
export interface MonthNumbers {
  /** `2026-11`. */
  month: string;
  /** Builds published in it that are still there. */
  added: number;
  /** Builds there at its end, of those that are still there. */
  builds: number;
  /** Bytes of their tarballs. */
  bytes: number;
  /** Seconds that the builds published in it took, as far as that was measured. */
  seconds: number;
  /** What its runs built and failed to build. Absent: not recorded. */
  built?: number;
  failed?: number;
}

/** Months without a gap, from the first with a build or a record to the last. */
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

/** In milliseconds. */
const WEEK = 7 * 24 * 3_600_000;

/** What a young cache had at the end of each week since its first build, of those builds that are still there. */
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

/** Which part of what was tried was built, in percent; absent where nothing was tried. */
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

/** The group of builds that no compiler made: scripts and data. */
const NO_COMPILER = 'no compiler';

/** Builds by compiler; one with two compilers counts for both. */
export function groupByCompiler(catalog: SiteCatalog): Group[] {
  return groupBuilds(catalog, ({ node }) => {
    const compilers = compilersOf(node, catalog.nodes).map(({ name, version }) => `${name} ${version}`);
    return compilers.length > 0 ? [...new Set(compilers)] : [NO_COMPILER];
  });
}

/** Builds by package, as far as size matters. */
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

/** Every month from the first of some to the last. */
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
