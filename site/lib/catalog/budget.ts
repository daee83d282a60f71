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
    { label: 'Tarballs', bytes: tarballs, kind: 'one', text: 'what clients install' },
    {
      label: 'Indexes',
      bytes: indexes,
      kind: 'two',
      text: 'the index and the views, those of the deployment before included',
    },
    {
      label: 'Spec files',
      bytes: configs,
      kind: 'three',
      text: 'only for maintenance; the first to stay away',
    },
    {
      label: 'Site, API and manifests',
      bytes: site + manifests,
      kind: 'four',
      text: 'these pages, estimated before they are made',
    },
  ];
}

/** Builds of which the site lacks the tarball or something that it needs to run, the largest first. */
export function buildsElsewhere({ builds }: SiteCatalog): CatalogBuild[] {
  return [...builds.values()]
    .filter(({ state }) => state === 'registry')
    .sort((left, right) => right.build.tarball.size - left.build.tarball.size);
}
