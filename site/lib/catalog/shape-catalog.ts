import type { z } from 'zod';
import type { Build } from '../../schemas/build.ts';
import { AlikeBuilds } from '../../schemas/checks/alike-builds.ts';
import { RecipeComparison } from '../../schemas/checks/recipe-comparison.ts';
import { Reproduction } from '../../schemas/checks/reproduction.ts';
import { Container } from '../../schemas/container.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { Health } from '../../schemas/checks/health.ts';
import { Package } from '../../schemas/package.ts';
import type { Settings } from '../../schemas/settings.ts';
import { planMirror, type MirrorPlan } from '../mirror/plan.ts';
import { listRetired } from '../mirror/retired.ts';
import { publicRegistries } from '../registry-address.ts';
import { checkRecorded } from '../mirror/recorded-settings.ts';
import { findDependents } from '../spack/dag.ts';
import { compareTexts } from '../spack/versions.ts';
import { assembleCatalog, catalogPath, parseEntry, type Catalog } from './catalog-files.ts';
import { groupContainers } from './containers.ts';
import { groupPackages } from './packages.ts';
import { parsePin, resolvePin } from './kept-builds.ts';
import { shapeHistory } from './shape-history.ts';
import type { CatalogBuild, CatalogEntries, ManifestEntry, SiteCatalog } from './site-catalog.ts';

/** Shapes the texts of the catalog's collections. Throws an error that names the file if one is invalid. */
export function shapeCatalog(entries: CatalogEntries, settings: Settings): SiteCatalog {
  const core = assembleCatalog(entries);
  const history = shapeHistory(entries, core.locks, settings.PAGES_BUDGET);
  const retired = listRetired(history.removed, new Set(core.builds.keys()));
  const { failureBytes } = history;
  const plan = planMirror(
    { ...core, builds: [...core.builds.values()], retired, failureBytes },
    settings.PAGES_BUDGET,
  );
  const builds = shapeBuilds(core, plan);
  const registry = core.cache?.registry ?? settings.REGISTRY;
  return {
    builds,
    nodes: core.nodes,
    dependents: findDependents(builds.values()),
    packages: groupPackages(
      builds.values(),
      entries.packages.map((entry) => parseEntry('packages', entry, Package)),
    ),
    containers: groupContainers(
      entries.containers.map((entry) => parseEntry('containers', entry, Container)),
    ),
    keys: [...core.keys].map(([fingerprint, armored]) => ({ fingerprint, armored })),
    plan,
    registry,
    registries: publicRegistries(core.builds.values(), registry),
    repository: core.cache?.repository,
    ...history,
    locks: new Map(history.environments.flatMap(({ name, lock }) => (lock ? [[name, lock] as const] : []))),
    kept: findKept(core, entries.pins),
    recorded: checkRecorded(entries.mirrors),
    ...shapeChecks(entries.checks),
    alike: shapeAlike(entries.checks, core.builds),
  };
}

/** Builds that snapshots and pins name. (`prune` also keeps their dependencies.) */
function findKept(
  { builds, snapshots }: Pick<Catalog<unknown>, 'builds' | 'snapshots'>,
  pins: CatalogEntries['pins'],
): SiteCatalog['kept'] {
  const kept = new Map<DagHash, string>();
  for (const [name, hashes] of snapshots) {
    for (const hash of hashes.filter((each) => builds.has(each))) kept.set(hash, `snapshot ${name}`);
  }
  for (const { id, body = '' } of pins) {
    const pin = parsePin(body, catalogPath('pins', id));
    for (const hash of resolvePin(pin, builds).hashes) kept.set(hash, pin.reason);
  }
  return kept;
}

/** Last results of doctor, challenge and refresh. */
function shapeChecks(
  entries: CatalogEntries['checks'],
): Pick<SiteCatalog, 'health' | 'challenge' | 'comparison'> {
  const read = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const entry = entries.find(({ id }) => id === name);
    return entry && parseEntry('checks', entry, schema);
  };
  const health = read('doctor', Health);
  const challenge = read('challenge', Reproduction);
  const comparison = read('recipes', RecipeComparison);
  return { health, challenge, comparison };
}

/** Builds that came out the same when built again, if the compared tarball is still the current one. */
function shapeAlike(
  entries: CatalogEntries['checks'],
  builds: ReadonlyMap<DagHash, Build>,
): SiteCatalog['alike'] {
  const recorded = entries.filter(({ id }) => id === 'alike');
  const alike = recorded.flatMap((entry) => parseEntry('checks', entry, AlikeBuilds).builds);
  const here = alike.filter(({ hash, tarball }) => builds.get(hash)?.tarball.digest === tarball);
  return new Map(here.map((build) => [build.hash, build]));
}

function shapeBuilds(
  { builds, nodes, manifests }: Catalog<ManifestEntry['data']>,
  plan: MirrorPlan,
): SiteCatalog['builds'] {
  const shaped = [...builds.values()].flatMap((build): [DagHash, CatalogBuild][] => {
    const entry = nodes.get(build.hash);
    const signed = manifests.get(build.hash)?.signed ?? false;
    const state = plan.listed.has(build.hash) ? 'site' : 'registry';
    return entry ? [[build.hash, { build, ...entry, signed, state }]] : [];
  });
  return new Map(shaped.sort(([, left], [, right]) => compareAge(left, right)));
}

function compareAge({ build: left }: CatalogBuild, { build: right }: CatalogBuild): number {
  return (
    compareTexts(right.published, left.published) ||
    compareTexts(left.name, right.name) ||
    compareTexts(left.hash, right.hash)
  );
}
