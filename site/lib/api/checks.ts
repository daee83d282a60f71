import type { HealthDocument } from '../../schemas/api/checks/health-document.ts';
import type { RecipesDocument } from '../../schemas/api/checks/recipes-document.ts';
import type { ReproducedDocument } from '../../schemas/api/checks/reproduced-document.ts';
import { countFreshness } from '../advisories/freshness.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';
import { listLinks, type Body } from './links.ts';

/** Maximum number of reasons in a document. Each takes 200 bytes. */
const MOST_CAUSES = 500;

/** `/api/health.json`. */
export function healthDocument({ health }: SiteCatalog): Body<HealthDocument> {
  return { ...(health ? { last: health } : {}), links: listLinks() };
}

/** `/api/reproduced.json`. */
export function reproducedDocument({ challenge, alike }: SiteCatalog): Body<ReproducedDocument> {
  return {
    ...(challenge ? { last: challenge } : {}),
    alike: [...alike.values()],
    links: listLinks(),
  };
}

/** `/api/recipes.json`. */
export function recipesDocument(catalog: SiteCatalog): Body<RecipesDocument> {
  const { comparison, builds } = catalog;
  const { builds: counts, since } = countFreshness(builds.values(), catalog);
  const last = comparison && {
    release: comparison.release,
    commit: comparison.commit,
    date: comparison.date,
    builds: {
      current: counts.current,
      noNewer: counts['no newer'],
      older: counts.older,
      unknown: counts.unknown,
    },
    ...(since ? { since } : {}),
  };
  return {
    ...(last ? { last } : {}),
    older: (comparison?.older ?? [])
      .map(({ hashes, ...cause }) => ({ ...cause, builds: hashes.filter((hash) => builds.has(hash)).length }))
      .filter((cause) => cause.builds > 0)
      .sort((left, right) => right.builds - left.builds || compareTexts(left.name, right.name))
      .slice(0, MOST_CAUSES),
    links: listLinks(),
  };
}
