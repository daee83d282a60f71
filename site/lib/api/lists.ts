import type { AdvisoryList } from '../../schemas/api/advisory-list.ts';
import type { CompilerList } from '../../schemas/api/compiler-list.ts';
import type { FailureList } from '../../schemas/api/failure-list.ts';
import type { KeyList } from '../../schemas/api/key-list.ts';
import type { PackageList } from '../../schemas/api/package-list.ts';
import type { ProgramList } from '../../schemas/api/program-list.ts';
import type { SpecTable } from '../../schemas/api/spec-table.ts';
import type { TargetList } from '../../schemas/api/target-list.ts';
import { type Body, TEMPLATES, indexLink, listLinks } from './links.ts';
import { keyPath } from '../commands/commands.ts';
import { failurePath } from '../catalog/failures.ts';
import { countCompilers, groupProviders } from '../catalog/compilers-and-providers.ts';
import { viewSettingsPath } from '../mirror/consumer-settings.ts';
import { viewName } from '../spack/view-name.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { countSite } from '../catalog/site-numbers.ts';
import { fillTable } from './spec-table.ts';
import { apiPath, externalUrl, packagePath } from '../url.ts';
import { allAdvisories } from '../advisories/advisories.ts';
import type { ContainerList } from '../../schemas/api/container-list.ts';
import { containerReference, currentTags, taggedContainers } from '../catalog/containers.ts';
import type { ChangeList } from '../../schemas/api/change-list.ts';
import { compareTexts } from '../spack/versions.ts';
import { monthOf } from '../format.ts';
import type { HealthDocument } from '../../schemas/api/checks/health-document.ts';
import type { RecipesDocument } from '../../schemas/api/checks/recipes-document.ts';
import type { ReproducedDocument } from '../../schemas/api/checks/reproduced-document.ts';
import { countFreshness } from '../advisories/freshness.ts';

/** `/api/packages.json`. */
export function describePackages({ packages }: SiteCatalog): Body<PackageList> {
  return {
    packages: [...packages.values()].map(({ name, metadata, versions, targets, builds, size, updated }) => ({
      name,
      description: metadata?.description,
      versions,
      targets,
      builds: builds.length,
      size,
      updated,
    })),
    links: { index: indexLink(), package: externalUrl(TEMPLATES.package) },
  };
}

/** All builds by package, the highest version first. */
export function describeSpecs(catalog: SiteCatalog): Body<SpecTable> {
  const builds = [...catalog.packages.values()].flatMap((entry) => entry.builds);
  return {
    ...fillTable(builds, catalog),
    links: { index: indexLink(), spec: externalUrl(TEMPLATES.spec) },
  };
}

/** `/api/targets.json`. */
export function describeTargets(catalog: SiteCatalog): Body<TargetList> {
  const packages = new Map<string, number>();
  for (const { targets } of catalog.packages.values()) {
    for (const target of targets) packages.set(target, (packages.get(target) ?? 0) + 1);
  }
  return {
    targets: countSite(catalog).targets.map(({ name, builds }) => ({
      name,
      builds,
      packages: packages.get(name) ?? 0,
      ...settingsLink(viewName('target', name), catalog),
    })),
    links: listLinks(),
  };
}

/** `/api/compilers.json`. */
export function describeCompilers(catalog: SiteCatalog): Body<CompilerList> {
  return {
    compilers: countCompilers(catalog).map(({ name, version, languages, builds }) => ({
      name,
      version,
      languages,
      builds: builds.length,
    })),
    links: listLinks(),
  };
}

/** `/api/programs.json`. */
export function describePrograms({ builds }: SiteCatalog): Body<ProgramList> {
  const all = [...builds.values()].map(({ build }) => build);
  return {
    programs: groupProviders(all, ({ programs }) => programs),
    libraries: groupProviders(all, ({ libraries }) => libraries),
    links: listLinks(),
  };
}

/** `/api/failures.json`. */
export function describeFailures({ failures }: SiteCatalog): Body<FailureList> {
  return {
    failures: failures.map(({ id, name, spec, hash, target, kind, phase, date, run }) => ({
      name,
      spec,
      hash,
      target,
      kind,
      phase,
      date,
      run,
      links: { page: externalUrl(failurePath({ id })) },
    })),
    links: listLinks(),
  };
}

/** `/api/advisories.json`. */
export function describeAdvisories(catalog: SiteCatalog): Body<AdvisoryList> {
  return {
    advisories: allAdvisories(catalog).map(({ builds, ...advisory }) => ({
      ...advisory,
      builds: builds.map(({ build }) => build.hash),
      links: { page: externalUrl(packagePath(advisory.name)) },
    })),
    links: listLinks(),
  };
}

/** `/api/keys.json`. */
export function describeKeys({ keys }: SiteCatalog): Body<KeyList> {
  return {
    keys: keys.map((key) => ({ fingerprint: key.fingerprint, url: externalUrl(keyPath(key)) })),
    links: listLinks(),
  };
}

/** Link to a view's settings file, if the mirror has the view. */
export function settingsLink(view: string, { plan }: SiteCatalog): { settings?: string } {
  return plan.views.has(view) ? { settings: externalUrl(`/api/${viewSettingsPath(view)}.yaml`) } : {};
}

/** `/api/containers.json`. */
export function describeContainers(catalog: SiteCatalog): Body<ContainerList> {
  return {
    containers: taggedContainers(catalog).map((container) => {
      const { environment, roots, os, architecture, digest, base, published, origin } = container;
      const reference = containerReference(container, catalog);
      return {
        environment,
        roots,
        os,
        architecture,
        tags: currentTags(container, catalog),
        reference,
        digest,
        base,
        published,
        run: origin.run,
      };
    }),
    links: { index: indexLink(), spec: externalUrl(TEMPLATES.spec) },
  };
}

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
  const previousLinks = [undefined, ...months.map((month) => externalUrl(apiPath(`changes/${month}`)))];
  return new Map(
    months.map((month, place) => [
      month,
      {
        month,
        added: added.get(month) ?? [],
        removed: removed.get(month) ?? [],
        links: { index: indexLink(), previous: previousLinks[place] },
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

/** Maximum number of reasons in a document. Each takes 200 bytes. */
const MOST_CAUSES = 500;

/** `/api/health.json`. */
export function healthDocument({ health }: SiteCatalog): Body<HealthDocument> {
  return { last: health, links: listLinks() };
}

/** `/api/reproduced.json`. */
export function reproducedDocument({ challenge, alike }: SiteCatalog): Body<ReproducedDocument> {
  return { last: challenge, alike: [...alike.values()], links: listLinks() };
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
    since,
  };
  return {
    last,
    older: (comparison?.older ?? [])
      .map(({ hashes, ...cause }) => ({ ...cause, builds: hashes.filter((hash) => builds.has(hash)).length }))
      .filter((cause) => cause.builds > 0)
      .sort((left, right) => right.builds - left.builds || compareTexts(left.name, right.name))
      .slice(0, MOST_CAUSES),
    links: listLinks(),
  };
}
