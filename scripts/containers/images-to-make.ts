import { hash } from 'node:crypto';
import { Container } from '../../site/schemas/container.ts';
import { type DagHash, hexOf } from '../../site/schemas/digest.ts';
import type { Platform } from '../../site/schemas/image-manifest.ts';
import type { Node } from '../../site/schemas/node.ts';
import { goArchitecture, goOs, runtimeLayers } from '../oci/image.ts';
import { environmentTag } from '../../site/lib/registry-address.ts';
import type { BuildRequest } from '../../site/schemas/build-request.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import type { Build } from '../../site/schemas/build.ts';
import { readBuild, readCatalogFiles } from '../catalog/catalog.ts';
import { describeError } from '../cli/command.ts';
import type { Variables } from './run-environment.ts';

/** A requested container. */
export interface WantedContainer {
  /** Folder of its records in the catalog: a package, or `env-<environment>`. */
  subject: string;
  environment?: string;
  roots: Node[];
  tags: string[];
  platform: Platform;
}

/** The containers that a request asks for: one per root, or one for a whole environment. */
export function findWanted(
  roots: readonly Node[],
  { environment, commit }: { environment?: string | undefined; commit?: string | undefined },
): WantedContainer[] {
  const [first] = roots;
  if (!first) return [];
  if (environment !== undefined) {
    const tag = environmentTag(environment);
    return [{ subject: tag, environment, roots: [...roots], tags: [tag], platform: platformOf(first) }];
  }
  return roots.map((root) => ({
    subject: root.name,
    roots: [root],
    tags: packageTags(root, commit),
    platform: platformOf(root),
  }));
}

function platformOf({ arch }: Node): Platform {
  return { os: goOs(arch.platform), architecture: goArchitecture(arch.target) };
}

/**
 * The record of a wanted container, if it exists: any record for a build, only the newest for an environment,
 * since the tag has moved on from older ones.
 * @param records all records of the same subject
 */
export function findMade(
  { roots, platform, environment }: WantedContainer,
  records: readonly Container[],
): Container | undefined {
  const alike = records
    .filter(({ os, architecture }) => os === platform.os && architecture === platform.architecture)
    .sort((a, b) => (a.published < b.published ? 1 : -1));
  const hashes = roots.map(({ hash }) => hash);
  return (environment === undefined ? alike : alike.slice(0, 1)).find((record) => hasRoots(record, hashes));
}

function hasRoots({ roots }: Container, hashes: readonly DagHash[]): boolean {
  return roots.length === hashes.length && [...hashes].sort().join() === [...roots].sort().join();
}

/** Whether a request asks for a container that is not in the catalog. */
export function lacksContainer(
  { container, environment }: Pick<BuildRequest, 'container' | 'environment'>,
  { roots, concrete_specs: nodes }: Pick<LockFile, 'roots' | 'concrete_specs'>,
  catalogDirectory: string,
): boolean {
  if (!container) return false;
  const wanted = findWanted(
    roots.flatMap(({ hash }) => nodes[hash] ?? []),
    { environment },
  );
  return wanted.some((image) => !findMade(image, readContainers(catalogDirectory, image.subject)));
}

/**
 * The builds that the roots of a container need at run time, dependencies first, each once.
 * @throws when one of them is not in the catalog, since the container would not run
 */
function readClosure(
  roots: readonly Node[],
  nodes: ReadonlyMap<DagHash, Node>,
  catalogDirectory: string,
): Build[] {
  const order = new Set(roots.flatMap(({ hash }) => runtimeLayers(hash, nodes)));
  return [...order].map((hash) => {
    const node = nodes.get(hash);
    const build = node && readBuild(catalogDirectory, node);
    if (build) return build;
    throw new Error(
      `it needs ${node?.name ?? hash} /${hash} at run time, and this cache has no binary of it`,
    );
  });
}

/** Number of characters of a commit in a tag, few enough to be read aloud. */
const COMMIT_LENGTH = 8;
/** OCI's limit. */
const MAX_TAG_LENGTH = 128;
/** Number of characters of a digest, enough for the containers of one cache. */
const DIGEST_LENGTH = 12;

/**
 * Names that can be told from a version: no part looks like the start of one. Names of environments, `env-…`,
 * are excluded.
 */
const PLAIN_NAME = /^(?!env(?:-|$))[A-Za-z0-9_]+(?:-[A-Za-z_][A-Za-z0-9_]*)*$/;
/** Versions that begin with a digit may contain a `-`, as dates do. */
const PLAIN_VERSION = /^(?:[0-9][A-Za-z0-9_.]*(?:-[A-Za-z0-9_.]+)*|[A-Za-z0-9_][A-Za-z0-9_.]*)$/;
/** Versions that look like the end of another tag, or of one of Spack's own. */
const RESERVED_VERSION = /^(?:latest|[0-9a-f]{8})$|\.spack$/;

/**
 * The tags of a build's container, most specific first: `<name>-<version>`, `<name>-latest` and, if the
 * commit is known, `<name>-<commit>`. No two packages, and no two versions of one, share a tag: ambiguous
 * ones (`a@1-2` and `a-1@2`) end with `--` and a digest.
 */
export function packageTags({ name, version }: Pick<Node, 'name' | 'version'>, commit?: string): string[] {
  const short = commit && /^[0-9a-f]{8,64}$/.test(commit) ? [commit.slice(0, COMMIT_LENGTH)] : [];
  const isPlain = PLAIN_VERSION.test(version) && !RESERVED_VERSION.test(version);
  return [
    joinTag(name, version, { isPlain, identity: `${name}@${version}` }),
    ...['latest', ...short].map((end) => joinTag(name, end, { isPlain: true, identity: `${name}:${end}` })),
  ];
}

/** @param identity hashed when the tag's text alone would be ambiguous */
function joinTag(
  name: string,
  end: string,
  { isPlain, identity }: { isPlain: boolean; identity: string },
): string {
  const tag = `${name}-${end}`;
  if (isPlain && PLAIN_NAME.test(name) && tag.length <= MAX_TAG_LENGTH) return tag;
  const digest = hash('sha256', identity).slice(0, DIGEST_LENGTH);
  const text = tag.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_TAG_LENGTH - 2 - DIGEST_LENGTH);
  return `${text}--${digest}`;
}

/** A request whose containers are to be published, with the report of its build job. */
export interface ContainerRequest {
  environment?: string | undefined;
  roots: Node[];
  /** Every node of the lock. */
  nodes: ReadonlyMap<DagHash, Node>;
  /** Run environments of roots. */
  environments: Readonly<Record<DagHash, Variables>>;
  /** Archive of the environment's view, and the variables for using it. */
  view?: { archive: string; variables: Variables };
  /** Reason why the build job could not create one. */
  viewProblem?: string | undefined;
  /** Spack's own script for long shebangs, copied before any build. */
  sbang: string;
}

/** A container that can be created. */
export interface PlannedContainer {
  wanted: WantedContainer;
  request: ContainerRequest;
  /** The builds in it, dependencies first. */
  builds: Build[];
}

/** Containers to create for requests. */
interface ContainerPlan {
  make: PlannedContainer[];
  /** One sentence for each container that has to wait for a build. */
  warnings: string[];
  /** One sentence for each container that cannot be created. */
  faults: string[];
}

/**
 * Decides which containers to create: those that are not in the catalog and whose builds all are.
 * @param commit commit of this repository, for the tags
 */
export function planContainers(
  requests: readonly ContainerRequest[],
  catalogDirectory: string,
  commit: string | undefined,
): ContainerPlan {
  const plan: ContainerPlan = { make: [], warnings: [], faults: [] };
  for (const request of requests) {
    for (const wanted of findWanted(request.roots, { environment: request.environment, commit })) {
      const name = `container ${wanted.tags[0]}`;
      try {
        if (wanted.platform.os !== 'linux')
          throw new Error(`containers run Linux programs, this build is for ${wanted.platform.os}`);
        if (findMade(wanted, readContainers(catalogDirectory, wanted.subject))) continue;
        if (!wanted.roots.every((root) => readBuild(catalogDirectory, root))) {
          plan.warnings.push(`no ${name}: not everything that it needs was built`);
          continue;
        }
        const builds = readClosure(wanted.roots, request.nodes, catalogDirectory);
        plan.make.push({ wanted, request, builds });
      } catch (error) {
        plan.faults.push(`${name}: ${describeError(error)}`);
      }
    }
  }
  return plan;
}

/** The path `containers/<subject>/<digest in hex>.json`, relative to the catalog's folder. */
export function containerPath(subject: string, { digest }: Pick<Container, 'digest'>): string {
  return `containers/${subject}/${hexOf(digest)}.json`;
}

/** The catalog's records of the containers of a package or an environment (`env-<name>`). */
function readContainers(catalogDirectory: string, subject: string): Container[] {
  return [...readCatalogFiles(catalogDirectory, 'containers', Container, subject).values()];
}
