import { machineOf } from '../../schemas/node.ts';
import type { Removed } from '../../schemas/removed.ts';
import { DAY_MS } from '../format.ts';
import type { CatalogBuild, SiteCatalog } from './site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';

const WEEK_DAYS = 7;

/** Builds of one package and version that one run added. */
export interface NewGroup {
  name: string;
  version: string;
  /** The newest first. */
  builds: CatalogBuild[];
  /** `rocky9 icelake`, each once. */
  machines: string[];
  /** Bytes of their tarballs. */
  size: number;
}

/** Builds that one run added on one day. */
export interface NewRun {
  /** Address of the run. Absent: not known. */
  run?: string | undefined;
  /** Sorted by name. */
  groups: NewGroup[];
  builds: number;
  /** Number of packages: fewer than groups if one has several versions. */
  packages: number;
}

/** Builds added and removed on one day, in UTC. */
export interface NewDay {
  /** `2026-11-28`. */
  day: string;
  added: number;
  runs: NewRun[];
  removed: { name: string; version: string; reason: string }[];
}

/** The newest `most` days on which builds were added or removed, the newest first. */
export function newDays(
  { builds, removed }: Pick<SiteCatalog, 'builds' | 'removed'>,
  most: number,
): NewDay[] {
  const added = Map.groupBy(builds.values(), ({ build }) => dayOf(build.published));
  const gone = Map.groupBy(removed.flatMap(lastStay), ({ day }) => day);
  const days = [...new Set([...added.keys(), ...gone.keys()])].sort(compareTexts).reverse().slice(0, most);
  return days.map((day) => {
    const own = added.get(day) ?? [];
    const runs = Map.groupBy(own, ({ build }) => build.origin.run);
    return {
      day,
      added: own.length,
      runs: [...runs].map(([run, members]) => ({
        run,
        builds: members.length,
        packages: new Set(members.map(({ build }) => build.name)).size,
        groups: groupBuilds(members),
      })),
      removed: gone.get(day) ?? [],
    };
  });
}

/** A day of which a page shows a part, with the number of entries left out. */
export type ShownDay = NewDay & { otherBuilds: number; otherRemoved: number };

/**
 * Keeps at most `most` lines of each run and of each day's removals,
 * and at most `mostInAll` in total. Later days have only their numbers.
 */
export function foldDays(days: readonly NewDay[], most: number, mostInAll: number): ShownDay[] {
  let left = mostInAll;
  const take = <T>(list: readonly T[]): T[] => {
    const taken = list.slice(0, Math.min(most, left));
    left -= taken.length;
    return taken;
  };
  return days.map((day) => {
    const runs = day.runs
      .map((run) => ({ ...run, groups: take(run.groups) }))
      .filter(({ groups }) => groups.length > 0);
    const removed = take(day.removed);
    const shown = runs.flatMap(({ groups }) => groups).reduce((sum, { builds }) => sum + builds.length, 0);
    return {
      ...day,
      runs,
      removed,
      otherBuilds: day.added - shown,
      otherRemoved: day.removed.length - removed.length,
    };
  });
}

/**
 * The newest packages and versions, the newest first. Builds of one version for ten machines are one entry.
 */
export function newGroups(
  { builds }: Pick<SiteCatalog, 'builds'>,
  most: number,
): (NewGroup & { day: string })[] {
  return newDays({ builds, removed: [] }, most)
    .flatMap(({ day, runs }) => runs.flatMap(({ groups }) => groups.map((group) => ({ ...group, day }))))
    .slice(0, most);
}

/** Number of builds published in the last week. */
export function countWeek({ builds }: Pick<SiteCatalog, 'builds'>): number {
  const dates = [...builds.values()].map(({ build }) => build.published);
  const start = weekStart(dates);
  return dates.filter((date) => Date.parse(date) > start).length;
}

/** Start of the seven days up to the newest of some dates, so that an idle cache has a last week, too. */
export function weekStart(dates: readonly string[]): number {
  const newest = dates.reduce((latest, date) => Math.max(latest, Date.parse(date)), 0);
  return newest - WEEK_DAYS * DAY_MS;
}

function groupBuilds(builds: readonly CatalogBuild[]): NewGroup[] {
  const groups = Map.groupBy(builds, ({ build }) => `${build.name}@${build.version}`);
  return [...groups.values()]
    .map((members) => ({
      name: members[0]?.build.name ?? '',
      version: members[0]?.build.version ?? '',
      builds: members,
      machines: [...new Set(members.map(({ node }) => machineOf(node)))],
      size: members.reduce((sum, { build }) => sum + build.tarball.size, 0),
    }))
    .sort((left, right) => compareTexts(left.name, right.name));
}

function lastStay({ name, version, stays }: Removed): (NewDay['removed'][number] & { day: string })[] {
  const last = stays.at(-1);
  return last ? [{ day: dayOf(last.removed), name, version, reason: last.reason }] : [];
}

function dayOf(date: string): string {
  return date.slice(0, 'yyyy-mm-dd'.length);
}
