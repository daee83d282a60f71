import type { Include, ViewList } from '../../schemas/api/view-list.ts';
import { listLinks, type Body } from './links.ts';
import { describeSettings, includeOf, type SettingsFile } from '../mirror/recorded-settings.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { solverSettingsPath } from '../mirror/consumer-settings.ts';
import { once } from '../once.ts';
import { externalUrl } from '../url.ts';

/** Settings files of a catalog, including those of its views. */
export const settingsOf = once((catalog: SiteCatalog): SettingsFile[] =>
  describeSettings({ ...catalog, signed: catalog.keys.length > 0, views: catalog.plan.views }),
);

/** `/api/views.json`. */
export function describeViews(catalog: SiteCatalog): Body<ViewList> {
  const files = settingsOf(catalog);
  return {
    views: files.flatMap((file) =>
      file.view === undefined || file.isForSolver
        ? []
        : [
            {
              name: file.view,
              builds: catalog.plan.views.get(file.view)?.length ?? 0,
              index: externalUrl(`/v3/manifests/index/${file.view}/index.manifest.json`),
              ...linksOf(file, catalog),
              ...solverLinksOf(file.view, files, catalog),
            },
          ],
    ),
    settings: files
      .filter(({ view }) => view === undefined)
      .map((file) => ({
        name: file.name,
        description: file.description,
        spack: file.spack,
        ...linksOf(file, catalog),
      })),
    links: listLinks(),
  };
}

/** Current and recorded settings files, keyed by path below `/api/` without the extension. */
export function settingsTexts(catalog: SiteCatalog): Map<string, string> {
  return new Map([
    ...settingsOf(catalog).map(({ path, text }) => [path, text] as const),
    ...[...catalog.recorded].map(([sha256, text]) => [`mirrors/${sha256}`, text] as const),
  ]);
}

function solverLinksOf(
  view: string,
  files: readonly SettingsFile[],
  { recorded }: SiteCatalog,
): { solver: string; solverInclude?: Include | undefined } {
  const path = solverSettingsPath(view);
  const file = files.find((settingsFile) => settingsFile.path === path);
  const { include } = file ? includeOf(file.sha256, recorded) : {};
  return { solver: externalUrl(`/api/${path}.yaml`), solverInclude: include };
}

function linksOf(
  { path, sha256 }: SettingsFile,
  { recorded }: SiteCatalog,
): { settings: string; include?: Include } {
  return { settings: externalUrl(`/api/${path}.yaml`), ...includeOf(sha256, recorded) };
}
