import type { SeedDates, SeedManifest } from '../../schemas/api/seed-manifest.ts';
import { imageReference, keyPath } from '../commands/commands.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { apiPath, blobUrlPath, buildPath, externalUrl, manifestUrlPath } from '../url.ts';

/** Prefix of the names of monthly views. */
const MONTH_VIEW = 'month-';

/**
 * Maximum number of builds in `/manifest/`, 378 bytes each. This address is for programs that know the first
 * build caches of this kind, whose front pages use it to show new builds. It need not be complete: Spack
 * reads the mirror's index, and programs read `/api/specs.json`, which have all builds.
 */
const MOST_BUILDS = 250;

/** The document at `/manifest/`. */
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

/** The document at `/manifest/dates/`: months whose views are on the mirror. */
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
 * JSON for a file that is served as HTML. No character in it has
 * a meaning in HTML, and every JSON parser gives the same result.
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
