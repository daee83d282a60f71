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

/** A build with all that pages and API say of it. */
export interface CatalogBuild extends SpecNode {
  build: Build;
  /** Whether its manifest is signed. */
  signed: boolean;
  /** `site`: the site serves it with all it needs at run time. `registry`: only the registry does. */
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
  nodes: Map<DagHash, SpecNode>;
  /** Hashes of the builds that depend directly on a node. */
  dependents: Map<DagHash, DagHash[]>;
  /** By name. */
  packages: Map<string, CatalogPackage>;
  keys: PublicKey[];
  plan: MirrorPlan;
  /** The cache's own registry: `ghcr.io/owner/repo`, or `oci-layout:DIR` for a folder that nobody can pull from. */
  registry: string;
  /** All registries that clients can pull from, the cache's own first. */
  registries: readonly string[];
  /** `owner/repo` on GitHub. Absent outside GitHub. */
  repository?: string | undefined;
  /** Images that `docker run` starts. */
  containers: CatalogContainers;
  /** Environments as they were concretized, by name. */
  locks: Map<string, LockFile>;
  /** Why the owner keeps a build, by its hash: snapshots and pins that name it. */
  kept: Map<DagHash, string>;
  /** Settings files that consumers may include, by digest: each stays for ever. */
  recorded: Map<Sha256, string>;
  /** What the last comparison of catalog, registry and site found. Absent: there was none. */
  health?: Health;
  /** What the last comparison of two builds of the same specs found. Absent: there was none. */
  challenge?: Reproduction;
  /** How builds compare with the newest recipes that were read. Absent: they were not compared yet. */
  comparison?: RecipeComparison;
  /** Builds here that came out the same whenever they were built again. */
  alike: Map<DagHash, AlikeBuild>;
  /** The git commit that all this was read from. Absent: the catalog is not in a git repository. */
  commit?: string;
}

/** A package with its builds. */
export interface CatalogPackage {
  name: string;
  /** What Spack knows of it. Absent: not read yet. */
  metadata?: Package | undefined;
  /** The highest version first, then by target, then the newest. */
  builds: CatalogBuild[];
  /** The highest first. */
  versions: string[];
  targets: string[];
  /** Operating systems. */
  systems: string[];
  /** Bytes of all tarballs. */
  size: number;
  /** When the newest build was published. */
  updated: string;
}

/** Containers as pages ask for them, each list the newest first. */
export interface CatalogContainers {
  all: Container[];
  /** By hash of the build that each holds; those of environments left out. */
  byBuild: Map<DagHash, Container[]>;
  byEnvironment: Map<string, Container[]>;
  /** The container that a tag is at, by `<tag> <os>/<architecture>`. */
  atTag: Map<string, Container>;
}

/** A failure and the path of its file below `failures/`, without the ending. */
export interface CatalogFailure extends Failure {
  id: string;
}

/** One of the owner's stacks. */
export interface CatalogEnvironment {
  name: string;
  /** Its `spack.yaml`. Absent: only the lock is there. */
  yaml?: string | undefined;
  /** What it was concretized to. Absent: it was not yet. */
  lock?: LockFile | undefined;
  /** What newer recipes give, until it is built. Absent: nothing waits. */
  next?: LockFile | undefined;
  /** The newest release of the recipes that it was solved with. Absent: not known. */
  release?: string | undefined;
}

/** What happened besides the builds. */
export interface CatalogHistory {
  /** The newest first, as far as their share of the budget goes. */
  failures: CatalogFailure[];
  /** Number of older ones that only the catalog has. */
  failuresLeftOut: number;
  /** Bytes that the pages of failures take, estimated. */
  failureBytes: number;
  /** By name. */
  environments: CatalogEnvironment[];
  /** What each month's runs brought, the oldest first; a month without runs may be missing. */
  stats: MonthlyStats[];
  /** What was there and was removed, by hash; it may be there again. */
  removed: Removed[];
}
