import type { CompilerList } from '../schemas/api/compiler-list.ts';
import type { FailureList } from '../schemas/api/failure-list.ts';
import type { KeyList } from '../schemas/api/key-list.ts';
import type { PackageList } from '../schemas/api/package-list.ts';
import type { ProgramList } from '../schemas/api/program-list.ts';
import type { SpecTable } from '../schemas/api/spec-table.ts';
import type { TargetList } from '../schemas/api/target-list.ts';
import { indexLink, listLinks, schemaLink, TEMPLATES } from './api-links.ts';
import { keyPath } from './commands.ts';
import { failurePath } from './failures.ts';
import { countCompilers, groupProviders } from './groups.ts';
import { viewSettingsPath } from './mirror-settings.ts';
import { viewName } from './view-name.ts';
import type { SiteCatalog } from './shape-catalog.ts';
import { countSite } from './site-numbers.ts';
import { fillTable } from './spec-table.ts';
import { externalUrl } from './url.ts';

export function describePackages({ packages }: SiteCatalog): PackageList {
  return {
    schema: schemaLink('package-list'),
    packages: [...packages.values()].map(({ name, metadata, versions, targets, builds, size, updated }) => ({
      name,
      ...(metadata ? { description: metadata.description } : {}),
      versions,
      targets,
      builds: builds.length,
      size,
      updated,
    })),
    links: { index: indexLink(), package: externalUrl(TEMPLATES.package) },
  };
}

/** Every build, by package, the highest version first. */
export function describeSpecs({ packages, nodes }: SiteCatalog): SpecTable {
  const builds = [...packages.values()].flatMap((entry) => entry.builds);
  return {
    schema: schemaLink('spec-table'),
    ...fillTable(builds, nodes),
    links: { index: indexLink(), spec: externalUrl(TEMPLATES.spec) },
  };
}

export function describeTargets(catalog: SiteCatalog): TargetList {
  const packages = new Map<string, number>();
  for (const { targets } of catalog.packages.values()) {
    for (const target of targets) packages.set(target, (packages.get(target) ?? 0) + 1);
  }
  return {
    schema: schemaLink('target-list'),
    targets: countSite(catalog).targets.map(({ name, builds }) => ({
      name,
      builds,
      packages: packages.get(name) ?? 0,
      ...settingsLink(viewName('target', name), catalog),
    })),
    links: listLinks(),
  };
}

export function describeCompilers(catalog: SiteCatalog): CompilerList {
  return {
    schema: schemaLink('compiler-list'),
    compilers: countCompilers(catalog).map(({ name, version, languages, builds }) => ({
      name,
      version,
      languages,
      builds: builds.length,
    })),
    links: listLinks(),
  };
}

export function describePrograms({ builds }: SiteCatalog): ProgramList {
  const all = [...builds.values()].map(({ build }) => build);
  return {
    schema: schemaLink('program-list'),
    programs: groupProviders(all, ({ programs }) => programs),
    libraries: groupProviders(all, ({ libraries }) => libraries),
    links: listLinks(),
  };
}

export function describeFailures({ failures }: SiteCatalog): FailureList {
  return {
    schema: schemaLink('failure-list'),
    failures: failures.map(({ id, name, spec, hash, target, kind, phase, date, run }) => ({
      name,
      spec,
      ...(hash === undefined ? {} : { hash }),
      ...(target === undefined ? {} : { target }),
      kind,
      ...(phase === undefined ? {} : { phase }),
      date,
      ...(run === undefined ? {} : { run }),
      links: { page: externalUrl(failurePath({ id })) },
    })),
    links: listLinks(),
  };
}

export function describeKeys({ keys }: SiteCatalog): KeyList {
  return {
    schema: schemaLink('key-list'),
    keys: keys.map((key) => ({ fingerprint: key.fingerprint, url: externalUrl(keyPath(key)) })),
    links: listLinks(),
  };
}

/** The settings file of a view, where the mirror has that view. */
export function settingsLink(view: string, { plan }: SiteCatalog): { settings?: string } {
  return plan.views.has(view) ? { settings: externalUrl(`/api/${viewSettingsPath(view)}.yaml`) } : {};
}
