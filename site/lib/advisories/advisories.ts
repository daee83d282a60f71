import type { Deprecation } from '../../schemas/package.ts';
import type { CatalogBuild, CatalogPackage, SiteCatalog } from '../catalog/site-catalog.ts';
import { shortCommit } from '../format.ts';
import { compareTexts, compareVersions } from '../spack/versions.ts';

/** A version that Spack's recipes advise against, and its builds in this cache. */
export interface Advisory extends Deprecation {
  name: string;
  builds: CatalogBuild[];
  /** The highest version here that is newer and not deprecated itself. Absent: there is none. */
  newer?: string;
}

/** Advisories for a package's versions in this cache, the highest version first. */
export function packageAdvisories({ name, metadata, builds, versions }: CatalogPackage): Advisory[] {
  const deprecated = metadata?.deprecated ?? [];
  const bad = new Set(deprecated.map(({ version }) => version));
  const best = versions.find((version) => !bad.has(version));
  return deprecated
    .flatMap((deprecation): Advisory[] => {
      const own = builds.filter(({ node }) => node.version === deprecation.version);
      const isNewer = best !== undefined && compareVersions(best, deprecation.version) > 0;
      return own.length === 0
        ? []
        : [{ ...deprecation, name, builds: own, ...(isNewer ? { newer: best } : {}) }];
    })
    .sort((left, right) => compareVersions(right.version, left.version));
}

/** The advisory for a build's version. Undefined: there is none. */
export function buildAdvisory({ build }: CatalogBuild, { packages }: SiteCatalog): Advisory | undefined {
  const entry = packages.get(build.name);
  return entry && packageAdvisories(entry).find(({ version }) => version === build.version);
}

/** All advisories for builds in this cache, the most recently seen first. */
export function allAdvisories({ packages }: SiteCatalog): Advisory[] {
  return [...packages.values()]
    .flatMap(packageAdvisories)
    .sort(
      (left, right) =>
        compareTexts(right.seen, left.seen) ||
        compareTexts(left.name, right.name) ||
        compareVersions(right.version, left.version),
    );
}

/**
 * An advisory in one sentence: `Deprecated by Spack since v2026.06.0: CVE-2026-1234; newer: @1.2.13 is here.`
 */
export function advisoryText({ since, reason, severity, cves, newer }: Advisory): string {
  const why = [reason, severity && `severity: ${severity}`, cves.join(', ')].filter(Boolean).join('; ');
  return [
    `Deprecated by Spack since ${shortCommit(since)}`,
    why === '' ? '' : `: ${why}`,
    newer === undefined ? '' : `; newer: @${newer} is here`,
    '.',
  ].join('');
}
