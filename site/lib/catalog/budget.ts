import { forecastFull, type Forecast, type GrowthEvent } from '../mirror/forecast.ts';
import { viewName } from '../spack/view-name.ts';
import { RECORD_BYTES } from '../spack/database.ts';
import type { CatalogBuild, SiteCatalog } from './site-catalog.ts';

/** A part of what lies on the site. */
export interface BudgetPart {
  label: string;
  bytes: number;
  /** What it is. */
  text: string;
  /** Its colour. */
  kind: 'one' | 'two' | 'three' | 'four';
}

/** Where the budget goes, the largest part of a usual cache first. Together they are the plan's total. */
export function budgetParts({ plan }: SiteCatalog): BudgetPart[] {
  const { tarballs, indexes, configs, site, manifests } = plan.bytes;
  return [
    { label: 'Tarballs', bytes: tarballs, kind: 'one', text: 'what users install' },
    {
      label: 'Indexes',
      bytes: indexes,
      kind: 'two',
      text: 'lists of builds that Spack downloads: this and the previous deployment’s, and views',
    },
    {
      label: 'Spec files',
      bytes: configs,
      kind: 'three',
      text: 'optional, dropped first when space is short',
    },
    {
      label: 'Site, API and manifests',
      bytes: site + manifests,
      kind: 'four',
      text: 'this website (estimate)',
    },
  ];
}

/** Builds of which the site lacks the tarball or something that it needs to run, the largest first. */
export function buildsElsewhere({ builds }: SiteCatalog): CatalogBuild[] {
  return [...builds.values()]
    .filter(({ state }) => state === 'registry')
    .sort((left, right) => right.build.tarball.size - left.build.tarball.size);
}

/** When the budget is full if the cache goes on growing as lately; undefined where it is, or where that cannot be said. */
export function forecastBudget({
  builds,
  nodes,
  removed,
  plan,
  failureBytes,
}: SiteCatalog): Forecast | undefined {
  if (builds.size === 0 || plan.leftOut.builds.length > 0) return undefined;
  const present = [...builds.values()].map(({ build: { name, published, tarball } }): GrowthEvent => ({
    name,
    published: Date.parse(published),
    size: tarball.size,
  }));
  const past = removed.flatMap(({ name, stays, grace }) =>
    stays.map((stay): GrowthEvent => ({
      name,
      published: Date.parse(stay.published),
      removed: Date.parse(stay.removed),
      ...(grace && { size: grace.build.tarball.size }),
    })),
  );
  let indexBytes = 0;
  for (const { text } of nodes.values()) indexBytes += text.length + RECORD_BYTES;
  // The mirror's own index and that of everything have each build; of the other views only months grow by themselves.
  const others = [...plan.views].filter(
    ([view, hashes]) => !view.startsWith(viewName('month', '')) && hashes.length < builds.size,
  );
  return forecastFull({
    events: [...present, ...past],
    indexBytes: indexBytes / builds.size,
    indexes: 2 + others.reduce((sum, [, hashes]) => sum + hashes.length, 0) / builds.size,
    besides: plan.retired.reduce((sum, { build }) => sum + build.tarball.size, failureBytes),
    budget: plan.bytes.budget,
  });
}
