import type { ViewList } from '../../schemas/api/view-list.ts';
import { listLinks, schemaLink } from './links.ts';
import { describeSettings, includeOf, type SettingsFile } from '../mirror/recorded-settings.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { externalUrl } from '../url.ts';

/** The settings files of a catalog, those of its views included. */
export function settingsOf({ registry, keys, plan }: SiteCatalog): SettingsFile[] {
  return describeSettings({ registry, signed: keys.length > 0, views: plan.views.keys() });
}

export function describeViews(catalog: SiteCatalog): ViewList {
  const files = settingsOf(catalog);
  return {
    schema: schemaLink('view-list'),
    views: files.flatMap((file) =>
      file.view === undefined
        ? []
        : [
            {
              name: file.view,
              builds: catalog.plan.views.get(file.view)?.length ?? 0,
              index: externalUrl(`/v3/manifests/index/${file.view}/index.manifest.json`),
              ...linksOf(file, catalog),
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

/** Every settings file by its path below `/api/`, without the ending: those of now, and all that were recorded. */
export function settingsTexts(catalog: SiteCatalog): Map<string, string> {
  return new Map([
    ...settingsOf(catalog).map(({ path, text }) => [path, text] as const),
    ...[...catalog.recorded].map(([sha256, text]) => [`mirrors/${sha256}`, text] as const),
  ]);
}

function linksOf({ path, sha256 }: SettingsFile, { recorded }: SiteCatalog) {
  return { settings: externalUrl(`/api/${path}.yaml`), ...includeOf(sha256, recorded) };
}
