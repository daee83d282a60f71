import { forecastFull, type Forecast, type GrowthEvent } from '../mirror/forecast.ts';
import { viewName } from '../spack/view-name.ts';
import { RECORD_BYTES } from '../spack/database.ts';
import type { CatalogBuild, SiteCatalog } from './site-catalog.ts';

/** A part of the site's size. */
export interface BudgetPart {
  label: string;
  bytes: number;
  /** Short description. */
  text: string;
  /** Its colour. */
  kind: 'one' | 'two' | 'three' | 'four';
}

/**
 * Parts of the budget in use, in the order of their size in a typical cache. Their sum is the plan's total.
 */
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

/** Builds whose tarball, or a run-time dependency's, is not on the site, the largest first. */
export function buildsElsewhere({ builds }: SiteCatalog): CatalogBuild[] {
  return [...builds.values()]
    .filter(({ state }) => state === 'registry')
    .sort((left, right) => right.build.tarball.size - left.build.tarball.size);
}

/** Forecast of when the budget will be used up. Undefined: it already is, or there is no forecast. */
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
      size: grace?.build.tarball.size,
    })),
  );
  let indexBytes = 0;
  for (const { text } of nodes.values()) indexBytes += text.length + RECORD_BYTES;
  // The mirror's own index and the view of everything have
  // all builds; of the other views, only months keep growing.
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
