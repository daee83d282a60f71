import type { SeedDates, SeedManifest } from '../../schemas/api/seed-manifest.ts';
import { imageReference, keyPath } from '../commands/commands.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { apiPath, blobUrlPath, buildPath, externalUrl, manifestUrlPath } from '../url.ts';

/** What names the views of months. */
const MONTH_VIEW = 'month-';

/**
 * The newest builds in `/manifest/`, 378 bytes each. The address is there for programs that know the first build caches
 * of this kind, whose front pages read it: they show what is new, and the address stays. It is not how one learns
 * what a cache has: Spack reads the mirror's index, programs `/api/specs.json`, and both have every build.
 */
const MOST_BUILDS = 250;

/** What `/manifest/` says. */
export function describeSeed(catalog: SiteCatalog): SeedManifest {
  return {
    keys: keyLinks(catalog),
    packages: [...catalog.builds.values()].slice(0, MOST_BUILDS).map((entry) => ({
      name: entry.build.image.tag,
      spec: specLink(entry, catalog),
      url: imageReference(entry, catalog) ?? externalUrl(manifestUrlPath(entry.build)),
      html_url: externalUrl(buildPath(entry.build)),
    })),
  };
}

/** What `/manifest/dates/` says: the months whose views the mirror has. */
export function describeSeedDates(
  catalog: SiteCatalog,
  place: { branch: string; folder: string },
): SeedDates {
  return {
    keys: keyLinks(catalog),
    branch: place.branch,
    subfolder: place.folder,
    url_prefix: externalUrl(`/v3/manifests/index/${MONTH_VIEW}`),
    dates: [...catalog.plan.views.keys()]
      .filter((view) => view.startsWith(MONTH_VIEW))
      .map((view) => view.slice(MONTH_VIEW.length))
      .sort()
      .reverse(),
  };
}

/**
 * JSON for a file that browsers are told is HTML: no character in it begins or ends anything in HTML, and every
 * JSON reader gives the same texts.
 */
export function jsonForHtml(document: object): string {
  const escaped = JSON.stringify(document).replaceAll(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
  return `${escaped}\n`;
}

function keyLinks({ keys }: SiteCatalog): string[] {
  return keys.map((key) => externalUrl(keyPath(key)));
}

function specLink({ build }: CatalogBuild, { plan }: SiteCatalog): string {
  return externalUrl(
    plan.servedConfigs.has(build.hash)
      ? blobUrlPath(build.image.config.digest)
      : apiPath(`specs/${build.hash}`),
  );
}
