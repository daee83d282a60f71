import type { ChangeList } from '../../schemas/api/change-list.ts';
import { indexLink, type Body } from './links.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { apiPath, externalUrl } from '../url.ts';
import { compareTexts } from '../spack/versions.ts';
import { monthOf } from '../format.ts';

type Change = ChangeList['changes'][number];

/** Builds that are here, and builds that were removed. */
interface Comings extends Pick<SiteCatalog, 'removed'> {
  builds: ReadonlyMap<string, Pick<CatalogBuild, 'build'>>;
}

/**
 * Builds added and removed, by month, the oldest first. A past month never changes: what is published later
 * belongs to later months, and removed builds keep their date of publication.
 */
export function changesDocument(catalog: Comings): Map<string, Body<ChangeList>> {
  const byMonth = Map.groupBy(listChanges(catalog), ({ date }) => monthOf(date));
  const months = [...byMonth.keys()];
  return new Map(
    [...byMonth].map(([month, changes], place) => [
      month,
      {
        month,
        changes,
        links: { index: indexLink(), ...previousLink(months[place - 1]) },
      },
    ]),
  );
}

function listChanges({ builds, removed }: Comings): Change[] {
  const added = [...builds.values()].map(({ build: { published, hash, name, version } }): Change => ({
    date: published,
    change: 'added',
    hash,
    name,
    version,
  }));
  const gone = removed.flatMap(({ hash, name, version, stays }) =>
    stays.flatMap(({ published, removed: date, reason }): Change[] => [
      { date: published, change: 'added', hash, name, version },
      { date, change: 'removed', hash, name, version, reason },
    ]),
  );
  return [...added, ...gone].sort(
    (left, right) =>
      compareTexts(left.date, right.date) ||
      compareTexts(left.change, right.change) ||
      compareTexts(left.name, right.name) ||
      compareTexts(left.hash, right.hash),
  );
}

function previousLink(month: string | undefined): { previous?: string } {
  return month === undefined ? {} : { previous: externalUrl(apiPath(`changes/${month}`)) };
}
