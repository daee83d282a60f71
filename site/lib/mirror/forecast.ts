import { monthOf, DAY_MS } from '../format.ts';
import { compareTexts } from '../spack/versions.ts';
import { estimateSiteOf, SITE_BYTES_PER_BUILD, SITE_BYTES_PER_PACKAGE } from './site-bytes.ts';
import { INDEX_COPIES, MANIFEST_BYTES, MONTHS_SHARE } from './plan.ts';

const WEEK_MS = 7 * DAY_MS;
/** Candidate numbers of weeks for measuring growth. The longest one with steady growth is used. */
const WINDOWS = [52, 39, 26, 13, 8];
/** Relative standard errors of weekly growth: up to the first a day is given, above the second nothing. */
const EXACT_ERROR = 0.035;
const MOST_ERROR = 0.2;
/** Maximum range of a forecast in weeks: five years. */
const HORIZON_WEEKS = 260;
/** Half-width of the range, in standard errors. */
const RANGE = 2;

/** A published build with its size, and when it was removed. */
export interface GrowthEvent {
  name: string;
  /** Milliseconds since 1970. */
  published: number;
  /** Time of removal. Absent: it still exists. */
  removed?: number | undefined;
  /** Bytes of its tarball. Absent: no longer known, so the mean of the others is used. */
  size?: number | undefined;
}

/** Input of a forecast. */
export interface Growth {
  /** All builds that ever existed. */
  events: readonly GrowthEvent[];
  indexBytes: number;
  /** Average number of indexes with a build: the mirror's own, the view of everything, and partial views. */
  indexes: number;
  /** Bytes that do not grow with builds: removed builds that are still served, and pages of failures. */
  besides: number;
  /** Bytes of the site's budget. */
  budget: number;
}

/** When the budget will be used up if growth stays as it was lately. */
export interface Forecast {
  /** Expected day, `2027-03-14`. Absent: growth varies too much for one day. */
  date?: string;
  /** Range that contains the day with a probability of 95%. */
  earliest: string;
  latest: string;
  /** Average growth per week, in bytes. */
  bytesPerWeek: number;
  /** Number of weeks in this average. */
  weeks: number;
}

/**
 * Forecasts the day from which some builds will be only in the registry. Undefined: the history is too short,
 * growth changed, varies too much or stopped, or it will take more than five years. Sizes are computed like
 * in `planMirror`. The present is the newest event, so that the same catalog gives the same forecast.
 */
export function forecastFull(growth: Growth): Forecast | undefined {
  const { events } = growth;
  const now = events.reduce((last, { published, removed = 0 }) => Math.max(last, published, removed), 0);
  const first = events.reduce((least, { published }) => Math.min(least, published), now);
  const sizes = events.flatMap(({ size }) => size ?? []);
  const meanSize = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
  const steady = findSteady(weeklyBytes(growth, now, meanSize), Math.floor((now - first) / WEEK_MS));
  if (!steady || steady.mean <= 0 || steady.error > MOST_ERROR * steady.mean) return undefined;
  const { mean, error, weeks } = steady;
  const recent = events.filter(
    ({ published, removed }) => removed === undefined && published > now - weeks * WEEK_MS,
  );
  const weeksLeft = (bytes: number): number | undefined =>
    countWeeks(growth, now, { builds: recent.length / weeks, bytes });
  const [soonest, likely, last] = [mean + RANGE * error, mean, mean - RANGE * error].map(weeksLeft);
  if (likely === undefined || soonest === undefined || last === undefined || likely === 0) return undefined;
  const day = (after: number): string => new Date(now + after * WEEK_MS).toISOString().slice(0, 10);
  return {
    ...(error <= EXACT_ERROR * mean && { date: day(likely) }),
    earliest: day(soonest),
    latest: day(last),
    bytesPerWeek: Math.round(mean),
    weeks,
  };
}

/**
 * Growth of each week in bytes, the last week first, without
 * full pages and monthly views, which grow unevenly.
 */
function weeklyBytes({ events, indexBytes, indexes }: Growth, now: number, meanSize: number): number[] {
  const weekly: number[] = [];
  const add = (at: number, bytes: number): void => {
    const week = Math.floor((now - at) / WEEK_MS);
    weekly[week] = (weekly[week] ?? 0) + bytes;
  };
  const fixed = SITE_BYTES_PER_BUILD + MANIFEST_BYTES + INDEX_COPIES * indexes * indexBytes;
  const packages = new Map<string, number>();
  for (const { name, published, removed, size = meanSize } of events) {
    add(published, fixed + size);
    if (removed !== undefined) add(removed, -fixed - size);
    packages.set(name, Math.min(packages.get(name) ?? published, published));
  }
  for (const published of packages.values()) add(published, SITE_BYTES_PER_PACKAGE);
  return Array.from(weekly, (bytes) => bytes ?? 0);
}

interface Steady {
  weeks: number;
  mean: number;
  /** Standard error of the mean. */
  error: number;
}

/** The longest window whose two halves do not differ significantly. Undefined: there is none. */
function findSteady(weekly: readonly number[], wholeWeeks: number): Steady | undefined {
  for (const weeks of WINDOWS) {
    if (weeks > wholeWeeks) continue;
    const values = Array.from({ length: weeks }, (_, week) => weekly[week] ?? 0);
    const half = Math.floor(weeks / 2);
    const [recent, earlier] = [measure(values.slice(0, half)), measure(values.slice(half))];
    if (Math.abs(recent.mean - earlier.mean) <= RANGE * Math.hypot(recent.error, earlier.error))
      return { weeks, ...measure(values) };
  }
  return undefined;
}

function measure(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

/** Size of a cache at a point in time, as far as the plan of the mirror depends on it. */
interface Extent {
  builds: number;
  packages: number;
  /** Builds in all monthly views except the newest, which is the same blob as the index. */
  viewed: number;
  /** Bytes besides pages and monthly views. */
  other: number;
}

/** Bytes that the site needs for all existing builds, without spec files, which are dropped first. */
export function neededBytes(growth: Growth): number {
  return bytesOf(extentOf(growth), growth);
}

function extentOf({ events, indexBytes, indexes, besides }: Growth): Extent {
  const present = events.filter(({ removed }) => removed === undefined);
  const sizes = present.flatMap(({ size }) => size ?? []);
  const tarballs = sizes.reduce((sum, size) => sum + size, 0);
  const months = Map.groupBy(present, ({ published }) => monthAt(published));
  let [viewed, total] = [0, 0];
  for (const [, members] of [...months].sort(([a], [b]) => compareTexts(a, b)).slice(0, -1)) {
    total += members.length;
    viewed += total;
  }
  return {
    builds: present.length,
    packages: new Set(present.map(({ name }) => name)).size,
    viewed,
    other: besides + tarballs + present.length * (MANIFEST_BYTES + INDEX_COPIES * indexes * indexBytes),
  };
}

function bytesOf({ builds, packages, viewed, other }: Extent, { budget, indexBytes }: Growth): number {
  const months = Math.min(MONTHS_SHARE * budget, INDEX_COPIES * viewed * indexBytes);
  return other + months + estimateSiteOf(builds, packages);
}

/**
 * Weeks until the budget is used up, for a weekly number of builds and bytes. Undefined: beyond the horizon.
 */
function countWeeks(
  growth: Growth,
  now: number,
  weekly: { builds: number; bytes: number },
): number | undefined {
  const extent = extentOf(growth);
  let before = bytesOf(extent, growth);
  if (before >= growth.budget) return 0;
  for (let week = 1; week <= HORIZON_WEEKS; week += 1) {
    const isNewMonth = monthAt(now + week * WEEK_MS) !== monthAt(now + (week - 1) * WEEK_MS);
    if (isNewMonth) extent.viewed += extent.builds;
    extent.builds += weekly.builds;
    // Pages are counted through the number of builds.
    extent.other += weekly.bytes - weekly.builds * SITE_BYTES_PER_BUILD;
    const after = bytesOf(extent, growth);
    if (after >= growth.budget) return week - 1 + (growth.budget - before) / (after - before);
    before = after;
  }
  return undefined;
}

function monthAt(time: number): string {
  return monthOf(new Date(time).toISOString());
}
