import type { ChangeList } from '../../schemas/api/change-list.ts';
import { indexLink, type Body } from './links.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { apiPath, externalUrl } from '../url.ts';
import { compareTexts } from '../spack/versions.ts';
import { monthOf } from '../format.ts';

type Added = ChangeList['added'][number];
type Removal = ChangeList['removed'][number];

/** Builds that are here, and builds that were removed. */
interface Comings extends Pick<SiteCatalog, 'removed'> {
  builds: ReadonlyMap<string, Pick<CatalogBuild, 'build'>>;
}

/**
 * Builds added and removed, by month, the oldest first. A past month never changes: what is published later
 * belongs to later months, and removed builds keep their date of publication.
 */
export function changesDocument(catalog: Comings): Map<string, Body<ChangeList>> {
  const added = byMonth(listAdded(catalog));
  const removed = byMonth(listRemoved(catalog));
  const months = [...new Set([...added.keys(), ...removed.keys()])].sort(compareTexts);
  return new Map(
    months.map((month, place) => [
      month,
      {
        month,
        added: added.get(month) ?? [],
        removed: removed.get(month) ?? [],
        links: { index: indexLink(), ...previousLink(months[place - 1]) },
      },
    ]),
  );
}

function listAdded({ builds, removed }: Comings): Added[] {
  return [
    ...Array.from(builds.values(), ({ build: { published, ...build } }) => entryOf(published, build)),
    ...removed.flatMap(({ stays, ...build }) => stays.map(({ published }) => entryOf(published, build))),
  ];
}

function listRemoved({ removed }: Comings): Removal[] {
  return removed.flatMap(({ stays, ...build }) =>
    stays.map(({ removed: date, reason }) => ({ ...entryOf(date, build), reason })),
  );
}

function entryOf(date: string, { hash, name, version }: Omit<Added, 'date'>): Added {
  return { date, hash, name, version };
}

function byMonth<Change extends Added>(changes: Change[]): Map<string, Change[]> {
  const sorted = changes.sort(
    (left, right) =>
      compareTexts(left.date, right.date) ||
      compareTexts(left.name, right.name) ||
      compareTexts(left.hash, right.hash),
  );
  return Map.groupBy(sorted, ({ date }) => monthOf(date));
}

function previousLink(month: string | undefined): { previous?: string } {
  return month === undefined ? {} : { previous: externalUrl(apiPath(`changes/${month}`)) };
}
