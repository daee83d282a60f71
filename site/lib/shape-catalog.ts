import { Build } from '../schemas/build.ts';
import { Cache } from '../schemas/cache.ts';
import { Container } from '../schemas/container.ts';
import type { DagHash, Sha256 } from '../schemas/digest.ts';
import type { LockFile } from '../schemas/lock-file.ts';
import { fileStem, Node } from '../schemas/node.ts';
import { Package } from '../schemas/package.ts';
import type { Settings } from '../schemas/settings.ts';
import { addNode } from './unique-nodes.ts';
import { groupContainers } from './containers.ts';
import type { CatalogContainers } from './containers.ts';
import { findDependents } from './dag.ts';
import { planMirror } from './mirror-plan.ts';
import type { MirrorPlan } from './mirror-plan.ts';
import { groupPackages } from './packages.ts';
import type { CatalogPackage } from './packages.ts';
import { parseEntry } from './parse-entry.ts';
import { checkRecorded } from './settings-files.ts';
import { shapeHistory } from './shape-history.ts';
import type { CatalogHistory } from './shape-history.ts';
import { compareTexts } from './versions.ts';

/** A file of the catalog: its path in the collection without the ending, and its text. */
export interface CatalogEntry {
  id: string;
  body?: string | undefined;
}

export interface CatalogEntries extends Record<
  | 'specs'
  | 'builds'
  | 'packages'
  | 'containers'
  | 'keys'
  | 'failures'
  | 'environments'
  | 'locks'
  | 'stats'
  | 'removed'
  | 'mirrors'
  | 'cache',
  readonly CatalogEntry[]
> {
  manifests: readonly ManifestEntry[];
}

/** A manifest of the mirror: `<name>/<file stem>`. */
export interface ManifestEntry {
  id: string;
  data: { signed: boolean };
}

/** A build with all that pages and API say of it. */
export interface CatalogBuild {
  build: Build;
  node: Node;
  /** The node exactly as Spack wrote it, compact. */
  text: string;
  /** Whether its manifest is signed. */
  signed: boolean;
  /** `site`: the HTTPS door serves it with all it needs at run time. `registry`: only the registry does. */
  state: 'site' | 'registry';
}

/** A public key that signatures are checked with. */
export interface PublicKey {
  /** 40 upper-case hex digits. */
  fingerprint: string;
  armored: string;
}

/** The catalog, shaped. Whatever it holds is sorted. */
export interface SiteCatalog extends CatalogHistory {
  /** By hash, the newest first. */
  builds: Map<DagHash, CatalogBuild>;
  /** Every node of every DAG. */
  nodes: Map<DagHash, { node: Node; text: string }>;
  /** Hashes of the builds that depend directly on a node. */
  dependents: Map<DagHash, DagHash[]>;
  /** By name. */
  packages: Map<string, CatalogPackage>;
  keys: PublicKey[];
  plan: MirrorPlan;
  /** Where the images are: `ghcr.io/owner/repo`, or `oci-layout:DIR` for a folder that nobody can pull from. */
  registry: string;
  /** `owner/repo` on GitHub. Absent outside GitHub. */
  repository?: string | undefined;
  /** Images that `docker run` starts. */
  containers: CatalogContainers;
  /** Environments as they were concretized, by name. */
  locks: Map<string, LockFile>;
  /** Settings files that consumers may include, by digest: each stays for ever. */
  recorded: Map<Sha256, string>;
  /** The git commit that all this was read from. Absent: it does not lie in git. */
  commit?: string;
}

/** Shapes the texts of the catalog's collections. Throws a sentence that names the file that does not fit. */
export function shapeCatalog(entries: CatalogEntries, settings: Settings): SiteCatalog {
  const nodes = shapeNodes(entries.specs);
  const history = shapeHistory(entries);
  const locks = new Map(
    history.environments.flatMap(({ name, lock }): [string, LockFile][] => (lock ? [[name, lock]] : [])),
  );
  const environments = new Map([...locks].map(([id, { roots }]) => [id, roots.map(({ hash }) => hash)]));
  const records = entries.builds.map(({ id, body = '' }) => parseEntry(body, Build, `builds/${id}.json`));
  const plan = planMirror({ builds: records, nodes, environments }, settings.PAGES_BUDGET);
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
