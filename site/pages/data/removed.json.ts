import type { APIRoute } from 'astro';
import { loadCatalog } from '../../lib/catalog/catalog.ts';
import type { RemovedBuild } from '../../schemas/search/removed-build.ts';

/** Builds that are gone, for the page that an old address leads to. */
export const GET: APIRoute = async () => {
  const { builds, removed } = await loadCatalog();
  const gone = removed
    .filter(({ hash }) => !builds.has(hash))
    .flatMap(({ name, version, hash, stays }): RemovedBuild[] => {
      const last = stays.at(-1);
      return last ? [{ name, version, hash, date: last.removed, reason: last.reason }] : [];
    });
  return Response.json(gone);
};
