import type { Badge } from '../../schemas/api/badge.ts';
import type { StorageDocument } from '../../schemas/api/storage-document.ts';
import type { StatsDocument } from '../../schemas/api/stats-document.ts';
import { describeEnvironments } from './environments.ts';
import { listLinks, type Body } from './links.ts';
import { formatCount, formatDate, formatSize, monthOf } from '../format.ts';
import { countFreshness } from '../advisories/freshness.ts';
import { countCompilers } from '../catalog/compilers-and-providers.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { forecastBudget } from '../catalog/budget.ts';
import { countSite } from '../catalog/site-numbers.ts';
import { groupBySystem, groupByTarget, type Group } from '../catalog/statistics.ts';
import { totalTime } from '../times/build-times.ts';
import { compareTexts } from '../spack/versions.ts';

/** `/api/stats.json`. */
export function describeStats(catalog: SiteCatalog): Body<StatsDocument> {
  const builds = [...catalog.builds.values()];
  return {
    packages: catalog.packages.size,
    builds: builds.length,
    removed: catalog.removed.length,
    failures: catalog.failures.length,
    size: sizeOf(builds),
    installedSize: builds.reduce((sum, { build }) => sum + build.tarball.installedSize, 0),
    time: totalTime(builds.map(({ build }) => build)),
    runnable: builds.filter(({ build }) => build.image.runnable).length,
    signed: builds.filter(({ signed }) => signed).length,
    months: countMonths(catalog),
    targets: groupByTarget(catalog).map(shareOf),
    systems: groupBySystem(catalog).map(shareOf),
    compilers: countCompilers(catalog).map(({ name, version, builds: members }) => ({
      name: `${name}@${version}`,
      builds: members.length,
      size: sizeOf(members),
    })),
    links: listLinks(),
  };
}

/** `/api/storage.json`. */
export function describeStorage(catalog: SiteCatalog): Body<StorageDocument> {
  const { plan } = catalog;
  const forecast = forecastBudget(catalog);
  const { budget, ...bytes } = plan.bytes;
  const whole = Object.entries(bytes).map(([part, count]) => [part, Math.round(count)]);
  return {
    budget,
    bytes: { ...bytes, ...Object.fromEntries(whole) },
    builds: plan.served.size,
    leftOut: {
      builds: plan.leftOut.builds.length,
      size: plan.leftOut.bytes,
      configs: plan.leftOut.configs,
      views: plan.leftOut.views,
    },
    forecast,
    links: listLinks(),
  };
}

/** Badges of the whole cache, of each package and of each environment, keyed by name. */
export function describeBadges(catalog: SiteCatalog): Map<string, Badge> {
  const { packages, builds, targets, size, updated } = countSite(catalog);
  return new Map([
    ['builds', badge('spack builds', formatCount(builds))],
    ['packages', badge('spack packages', formatCount(packages))],
    ['targets', badge('spack targets', formatCount(targets.length))],
    ['size', badge('spack build cache', formatSize(size))],
    ['recipes', recipesBadge(catalog)],
    ['updated', badge('newest build', updated === undefined ? 'none' : formatDate(updated))],
    ...[...catalog.packages.values()].map(({ name, versions }): [string, Badge] => [
      `packages/${name}`,
      badge(`${name} in spack`, versions[0] ?? 'none'),
    ]),
    ...describeEnvironments(catalog).environments.map(({ name, percent }): [string, Badge] => [
      `environments/${name}`,
      badge(name, `${percent}% cached`, percent === 100 ? 'brightgreen' : 'orange'),
    ]),
  ]);
}

/** The share of builds that are not older than the newest recipes that were read. */
function recipesBadge(catalog: SiteCatalog): Badge {
  const { comparison, builds } = catalog;
  const { older, unknown } = countFreshness(builds.values(), catalog).builds;
  const compared = builds.size - unknown;
  if (!comparison || compared === 0) return badge('spack recipes', 'not compared');
  const share = Math.floor(((compared - older) / compared) * 100);
  return badge(
    `spack recipes ${comparison.release}`,
    older === 0 ? 'up to date' : `${share}% up to date`,
    older === 0 ? 'brightgreen' : 'orange',
  );
}

function badge(label: string, message: string, color = 'blue'): Badge {
  return { schemaVersion: 1, label, message: message.replaceAll('\u00a0', ' '), color };
}

/** Monthly counts as runs recorded them, or the counts of what is in the catalog where these are higher. */
function countMonths({ builds, failures, stats }: SiteCatalog): StatsDocument['months'] {
  const built = Map.groupBy(builds.values(), ({ build }) => monthOf(build.published));
  const failed = Map.groupBy(failures, ({ date }) => monthOf(date));
  const recorded = new Map(stats.map((month) => [month.month, month]));
  return [...new Set([...recorded.keys(), ...built.keys(), ...failed.keys()])]
    .sort(compareTexts)
    .map((month) => ({
      month,
      builds: Math.max(recorded.get(month)?.builds ?? 0, built.get(month)?.length ?? 0),
      failures: Math.max(recorded.get(month)?.failures ?? 0, failed.get(month)?.length ?? 0),
    }));
}

function shareOf({ name, builds, bytes }: Group): StatsDocument['targets'][number] {
  return { name, builds, size: bytes };
}

function sizeOf(builds: readonly CatalogBuild[]): number {
  return builds.reduce((sum, { build }) => sum + build.tarball.size, 0);
}
