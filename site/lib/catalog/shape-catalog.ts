import { Build } from '../../schemas/build.ts';
import { Cache } from '../../schemas/cache.ts';
import { Container } from '../../schemas/container.ts';
import type { DagHash } from '../../schemas/digest.ts';
import type { LockFile } from '../../schemas/lock-file.ts';
import { fileStem, Node } from '../../schemas/node.ts';
import { Package } from '../../schemas/package.ts';
import type { Settings } from '../../schemas/settings.ts';
import { addNode } from '../spack/database.ts';
import { groupContainers } from './containers.ts';
import { findDependents } from '../spack/dag.ts';
import { planMirror } from '../mirror/plan.ts';
import { listRetired } from '../mirror/retired.ts';
import type { MirrorPlan } from '../mirror/plan.ts';
import { groupPackages } from './packages.ts';
import { parseEntry } from './parse-entry.ts';
import { checkRecorded } from '../mirror/recorded-settings.ts';
import { shapeHistory } from './shape-history.ts';
import { compareTexts } from '../spack/versions.ts';
import type {
  CatalogEntry,
  CatalogBuild,
  SiteCatalog,
  CatalogEntries,
  ManifestEntry,
} from './site-catalog.ts';

/** Shapes the texts of the catalog's collections. Throws a sentence that names the file that does not fit. */
export function shapeCatalog(entries: CatalogEntries, settings: Settings): SiteCatalog {
  const nodes = shapeNodes(entries.specs);
  const history = shapeHistory(entries);
  const locks = new Map(
    history.environments.flatMap(({ name, lock }): [string, LockFile][] => (lock ? [[name, lock]] : [])),
  );
  const environments = new Map([...locks].map(([id, { roots }]) => [id, roots.map(({ hash }) => hash)]));
  const records = entries.builds.map(({ id, body = '' }) => parseEntry(body, Build, `builds/${id}.json`));
  const retired = listRetired(history.removed, new Set(records.map(({ hash }) => hash)));
  const plan = planMirror({ builds: records, nodes, environments, retired }, settings.PAGES_BUDGET);
  const builds = shapeBuilds(records, nodes, entries.manifests, plan);
  const metadata = entries.packages.map(({ id, body = '' }) =>
    parseEntry(body, Package, `packages/${id}.json`),
  );
  const cache = entries.cache.map(({ body = '' }) => parseEntry(body, Cache, 'cache.json'));
  return {
    builds,
    nodes,
    dependents: findDependents(builds.values()),
    packages: groupPackages(builds.values(), metadata),
    containers: groupContainers(
      entries.containers.map(({ id, body = '' }) => parseEntry(body, Container, `containers/${id}.json`)),
    ),
    keys: entries.keys.map(({ id, body = '' }) => ({ fingerprint: id, armored: body })),
    plan,
    registry: cache[0]?.registry ?? settings.REGISTRY,
    repository: cache[0]?.repository,
    ...history,
    locks,
    recorded: checkRecorded(entries.mirrors),
  };
}

function shapeNodes(specs: readonly CatalogEntry[]): SiteCatalog['nodes'] {
  const nodes: SiteCatalog['nodes'] = new Map();
  for (const { id, body = '' } of specs) {
    const node = parseEntry(body, Node, `specs/${id}.spec.json`);
    addNode(nodes, { node, text: body.trimEnd() });
  }
  return nodes;
}

function shapeBuilds(
  records: readonly Build[],
  nodes: SiteCatalog['nodes'],
  manifests: readonly ManifestEntry[],
  plan: MirrorPlan,
): SiteCatalog['builds'] {
  const signed = new Set(manifests.filter(({ data }) => data.signed).map(({ id }) => id));
  const builds = records.map((build): [DagHash, CatalogBuild] => {
    const entry = nodes.get(build.hash);
    if (!entry) {
      throw new Error(
        `builds/${build.name}: the node of /${build.hash} is missing in specs/; restore it from git`,
      );
    }
    const state = plan.listed.has(build.hash) ? 'site' : 'registry';
    return [build.hash, { build, ...entry, signed: signed.has(`${build.name}/${fileStem(build)}`), state }];
  });
  return new Map(builds.sort(([, left], [, right]) => compareAge(left, right)));
}

function compareAge({ build: left }: CatalogBuild, { build: right }: CatalogBuild): number {
  return (
    compareTexts(right.published, left.published) ||
    compareTexts(left.name, right.name) ||
    compareTexts(left.hash, right.hash)
  );
}
