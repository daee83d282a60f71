import type { Build } from '../../schemas/build.ts';
import type { DagHash, Sha256 } from '../../schemas/digest.ts';
import type { SpecNode } from '../spack/dag.ts';
import type { CatalogEntry, CatalogKind } from './catalog-files.ts';
import type { MirrorPlan } from '../mirror/plan.ts';
import type { Package } from '../../schemas/package.ts';
import type { Container } from '../../schemas/container.ts';
import type { AlikeBuild } from '../../schemas/checks/alike-builds.ts';
import type { RecipeComparison } from '../../schemas/checks/recipe-comparison.ts';
import type { Reproduction } from '../../schemas/checks/reproduction.ts';
import type { Failure } from '../../schemas/failure.ts';
import type { Health } from '../../schemas/checks/health.ts';
import type { LockFile } from '../../schemas/lock-file.ts';
import type { MonthlyStats } from '../../schemas/monthly-stats.ts';
import type { Removed } from '../../schemas/removed.ts';

/** The catalog's content collections. */
export interface CatalogEntries extends Record<Exclude<CatalogKind, 'manifests'>, readonly CatalogEntry[]> {
  manifests: readonly ManifestEntry[];
}

/** A manifest of the mirror: `<name>/<file stem>`. */
export interface ManifestEntry {
  id: string;
  data: { signed: boolean };
}

/** A build with everything that pages and API show of it. */
export interface CatalogBuild extends SpecNode {
  build: Build;
  /** Whether its manifest is signed. */
  signed: boolean;
  /** `site`: the site serves it with all its run-time dependencies. `registry`: only the registry does. */
  state: 'site' | 'registry';
}

/** A public key for checking signatures. */
export interface PublicKey {
  /** 40 upper-case hex digits. */
  fingerprint: string;
  armored: string;
}

/** The shaped catalog. All its collections are sorted. */
export interface SiteCatalog extends CatalogHistory {
  /** Keyed by hash, the newest first. */
  builds: Map<DagHash, CatalogBuild>;
  /** Every node of every DAG. */
  nodes: Map<DagHash, SpecNode>;
  /** Hashes of builds that depend directly on a node, keyed by the node's hash. */
  dependents: Map<DagHash, DagHash[]>;
  packages: Map<string, CatalogPackage>;
  keys: PublicKey[];
  plan: MirrorPlan;
  /** The cache's own registry: `ghcr.io/owner/repo`, or `oci-layout:DIR` for a folder that nobody can pull from. */
  registry: string;
  /** All registries that clients can pull from, the cache's own first. */
  registries: readonly string[];
  /** `owner/repo` on GitHub. Absent outside GitHub. */
  repository?: string | undefined;
  /** Images for `docker run`. */
  containers: CatalogContainers;
  /** Locks of concretized environments, keyed by name. */
  locks: Map<string, LockFile>;
  /** Snapshots and pins that name a build, as the reason why it is kept, keyed by hash. */
  kept: Map<DagHash, string>;
  /** Settings files that consumers may include, keyed by digest. None is ever removed. */
  recorded: Map<Sha256, string>;
  /** Result of the last comparison of catalog, registry and site. Absent: there was none. */
  health?: Health | undefined;
  /** Result of the last comparison of two builds of the same specs. Absent: there was none. */
  challenge?: Reproduction | undefined;
  /** Comparison of builds with the newest recipes that were read. Absent: not compared yet. */
  comparison?: RecipeComparison | undefined;
  /** Builds here that came out the same whenever they were built again. */
  alike: Map<DagHash, AlikeBuild>;
  /** The git commit that all this was read from. Absent: the catalog is not in a git repository. */
  commit?: string;
}

/** A package with its builds. */
export interface CatalogPackage {
  name: string;
  /** Metadata from its recipe. Absent: not read yet. */
  metadata?: Package | undefined;
  /** The highest version first, then by target, then the newest. */
  builds: CatalogBuild[];
  /** The highest first. */
  versions: string[];
  targets: string[];
  systems: string[];
  /** Bytes of all tarballs. */
  size: number;
  /** When the newest build was published. */
  updated: string;
}

/** Containers, grouped for pages. Each list has the newest first. */
export interface CatalogContainers {
  all: Container[];
  byBuild: Map<DagHash, Container[]>;
  byEnvironment: Map<string, Container[]>;
  /** The container that has a tag now, keyed by `<tag> <os>/<architecture>`. */
  atTag: Map<string, Container>;
}

/** A failure, and the path of its file below `failures/` without the extension. */
export interface CatalogFailure extends Failure {
  id: string;
}

/** One of the owner's stacks. */
export interface CatalogEnvironment {
  name: string;
  /** Its `spack.yaml`. Absent: there is only the lock. */
  yaml?: string | undefined;
  /** Its lock. Absent: it has not been concretized yet. */
  lock?: LockFile | undefined;
  /** Lock from newer recipes that waits to be built. Absent: none waits. */
  next?: LockFile | undefined;
  /** Newest release of the recipes that it was solved with. Absent: not known. */
  release?: string | undefined;
}

/** History of the catalog besides the builds. */
export interface CatalogHistory {
  /** Failures that fit into their share of the budget, the newest first. */
  failures: CatalogFailure[];
  /** Number of older failures that are only in the catalog. */
  failuresLeftOut: number;
  /** Bytes that the pages of failures take, estimated. */
  failureBytes: number;
  /** Sorted by name. */
  environments: CatalogEnvironment[];
  /** Monthly results of runs, the oldest first. Months without runs may be missing. */
  stats: MonthlyStats[];
  /** Removed builds, sorted by hash. Some may have been published again. */
  removed: Removed[];
}
