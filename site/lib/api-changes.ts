import type { ChangeList } from '../schemas/api/change-list.ts';
import { indexLink, schemaLink } from './api-links.ts';
import type { SiteCatalog } from './shape-catalog.ts';
import { apiPath, externalUrl } from './url.ts';
import { compareTexts } from './versions.ts';

type Change = ChangeList['changes'][number];

/** What came and went, by month, the oldest first. */
export function describeChanges(catalog: SiteCatalog): Map<string, ChangeList> {
  const byMonth = Map.groupBy(listChanges(catalog), ({ date }) => date.slice(0, 'yyyy-mm'.length));
  const months = [...byMonth.keys()];
  return new Map(
    [...byMonth].map(([month, changes], place) => [
      month,
      {
        schema: schemaLink('change-list'),
        month,
        changes,
        links: {
          index: indexLink(),
          ...monthLink('previous', months[place - 1]),
          ...monthLink('next', months[place + 1]),
        },
      },
    ]),
  );
}

function listChanges({ builds, removed }: SiteCatalog): Change[] {
  const added = [...builds.values()].map(({ build: { published, hash, name, version } }): Change => ({
    date: published,
    change: 'added',
    hash,
    name,
    version,
  }));
  const gone = removed.flatMap(({ published, removed: date, hash, name, version, reason }): Change[] => [
    ...(published === undefined ? [] : [{ date: published, change: 'added' as const, hash, name, version }]),
    { date, change: 'removed', hash, name, version, reason },
  ]);
  return [...added, ...gone].sort(
    (left, right) =>
      compareTexts(left.date, right.date) ||
      compareTexts(left.change, right.change) ||
      compareTexts(left.name, right.name) ||
      compareTexts(left.hash, right.hash),
  );
}

function monthLink(direction: 'previous' | 'next', month: string | undefined): Record<string, string> {
  return month === undefined ? {} : { [direction]: externalUrl(apiPath(`changes/${month}`)) };
}
