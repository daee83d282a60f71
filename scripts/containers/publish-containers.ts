import { blobOf } from '../cli/digest.ts';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { Container } from '../../site/schemas/container.ts';
import { formatJson } from '../../site/lib/json.ts';
import { addFiles } from '../catalog/catalog.ts';
import { isTemporary } from '../http/retry.ts';
import { describeError } from '../cli/command.ts';
import { withTemporaryFolder } from '../cli/files.ts';
import { readOrigin, readDate } from '../publish/origin.ts';
import type { Destination } from '../publish/publish-cache.ts';
import {
  containerPath,
  findWanted,
  planContainers,
  type ContainerRequest,
  type WantedContainer,
  type PlannedContainer,
} from './images-to-make.ts';
import type { ImageIndex, Platform } from '../../site/schemas/image-manifest.ts';
import { carryBlob, openRegistries } from '../oci/open-registry.ts';
import { createLayout, type Layout } from '../oci/layout.ts';
import { describeManifest, isIndex, parseIndex } from '../oci/manifest.ts';
import type { ManifestText, Registry } from '../oci/registry.ts';
import { addToIndex, makeContainer, type MadeContainer } from './make-container.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import { fetchBaseLayers, findBaseImage, type BaseImage } from './base-image.ts';
import type { Variables } from './run-environment.ts';

/** Outcome for all containers. */
export interface PublishedContainers {
  containers: Container[];
  warnings: string[];
  /** One sentence for each container that could not be created. */
  faults: string[];
}

/**
 * Publishes the containers of requests: images that share their layers with the builds, above a base image,
 * under readable tags. Four phases: plan, make, push, record. Existing containers stay unchanged; one that
 * cannot be created does not affect the others.
 * @param baseName name of the base image from the settings
 */
export async function publishContainers(
  requests: readonly ContainerRequest[],
  destination: Destination,
  baseName: string,
): Promise<PublishedContainers> {
  const { registry, catalogDirectory, environment } = destination;
  const plan = planContainers(requests, catalogDirectory, readOrigin(environment).commit);
  const result: PublishedContainers = { containers: [], warnings: plan.warnings, faults: plan.faults };
  if (plan.make.length === 0) return result;
  await withTemporaryFolder(async (folder) => {
    const { staged, warnings, faults } = await stageContainers(plan.make, destination, { baseName, folder });
    result.warnings.push(...warnings);
    result.faults.push(...faults);
    if (staged.length === 0) return;
    try {
      await pushContainers(staged, registry, folder);
    } catch (error) {
      result.faults.push(`containers: ${describeError(error)}; run this job again`);
      return;
    }
    recordContainers(staged, catalogDirectory);
    result.containers = staged.map(({ container }) => container);
  });
  return result;
}

function recordContainers(staged: readonly StagedContainer[], catalogDirectory: string): void {
  addFiles(
    catalogDirectory,
    staged.map(({ wanted, container }) => ({
      path: containerPath(wanted.subject, container),
      content: formatJson(container),
    })),
  );
}

/** Lists the containers that a publish would create. */
export function previewContainers(
  requests: readonly ContainerRequest[],
  environment: Destination['environment'],
): PublishedContainers {
  const { commit } = readOrigin(environment);
  const wanted = requests.flatMap((request) =>
    findWanted(request.roots, { environment: request.environment, commit }),
  );
  const warnings = wanted.map(
    ({ tags, platform: { os, architecture } }) =>
      `would create a container for ${os}/${architecture}: ${tags.join(', ')}`,
  );
  return { containers: [], warnings, faults: [] };
}

/** Maximum number of pushes, since a concurrent publisher may move a tag back. */
const TRIES = 3;

/** Pushes images and tags, and checks that the tags stayed, since another publisher may move one. */
async function pushContainers(
  staged: readonly StagedContainer[],
  registry: Registry,
  folder: string,
): Promise<void> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const layout = await createLayout(join(folder, `push-${attempt}`));
    for (const staging of staged) await addImage(layout, staging, registry);
    for (const [tag, text] of await composeTags(staged, registry)) await layout.addTag(tag, text);
    layout.close();
    await registry.push(layout.dir);
    if ((await composeTags(staged, registry)).size === 0) return;
  }
  throw new Error(`tags were moved by others ${TRIES} times in a row`);
}

async function addImage(
  layout: Layout,
  { made, base, baseFiles }: StagedContainer,
  registry: Registry,
): Promise<void> {
  const findRegistry = openRegistries(registry);
  for (const build of made.builds) await carryBlob(build.tarball, findRegistry(build), { registry, layout });
  for (const layer of base.layers) {
    const file = baseFiles.get(layer.digest);
    if (file && !(await registry.hasBlob(layer))) await layout.addFile(file, layer);
  }
  for (const [layer, file] of made.files) await layout.addFile(file, layer);
  await layout.addBytes(made.manifestText(await layout.addBytes(made.configText)));
}

/** The new indexes for tags that need one. The last container of a tag wins. */
async function composeTags(
  staged: readonly StagedContainer[],
  registry: Registry,
): Promise<Map<string, string>> {
  const current = new Map<string, ManifestText | undefined>();
  const wished = new Map<string, ManifestText>();
  for (const { wanted, container } of staged) {
    for (const tag of container.tags) {
      if (!current.has(tag)) current.set(tag, await registry.readText(tag));
      const text = addToIndex(
        readTagIndex(wished.get(tag) ?? current.get(tag), tag),
        container,
        wanted.platform,
      );
      wished.set(tag, describeManifest(text, tag));
    }
  }
  const open = [...wished].filter(([tag, { text }]) => current.get(tag)?.text !== text);
  return new Map(open.map(([tag, { text }]) => [tag, text]));
}

/** Undefined for a tag that points to a single image, which is replaced. */
function readTagIndex(manifest: ManifestText | undefined, tag: string): ImageIndex | undefined {
  return manifest && isIndex(manifest.descriptor) ? parseIndex(manifest, tag) : undefined;
}

/** A container whose own layers are files, ready for the registry. */
interface StagedContainer {
  wanted: WantedContainer;
  made: MadeContainer;
  base: BaseImage;
  /** The layers of the base image, by digest. */
  baseFiles: ReadonlyMap<Digest, string>;
  /** The record for the catalog. */
  container: Container;
}

/**
 * Creates containers in a folder, each above the base image for its platform, which is fetched once.
 * @param baseName name of the base image from the settings
 * @returns those that were created, and one sentence for each of the others
 */
async function stageContainers(
  planned: readonly PlannedContainer[],
  destination: Destination,
  { baseName, folder }: { baseName: string; folder: string },
): Promise<{ staged: StagedContainer[]; warnings: string[]; faults: string[] }> {
  const findBase = createBaseFinder(baseName, folder);
  const published = readDate(destination.environment, new Date());
  const staged: StagedContainer[] = [];
  const warnings: string[] = [];
  const faults: string[] = [];
  for (const [index, plan] of planned.entries()) {
    const name = `container ${plan.wanted.tags[0]}`;
    const own = join(folder, String(index));
    mkdirSync(own);
    try {
      const container = await stageContainer(plan, destination, { findBase, published, folder: own });
      staged.push(container);
      warnings.push(...container.made.warnings.map((text) => `${name}: ${text}`));
    } catch (error) {
      faults.push(`${name}: ${describeError(error)}${isTemporary(error) ? '; run this job again' : ''}`);
    }
  }
  return { staged, warnings, faults };
}

async function stageContainer(
  { wanted, request, builds }: PlannedContainer,
  { registry, environment }: Destination,
  { findBase, published, folder }: { findBase: FindBase; published: string; folder: string },
): Promise<StagedContainer> {
  const { image, files, ...glibc } = await findBase(wanted.platform);
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = environment;
  const parts = {
    builds,
    sbang: request.sbang,
    findRegistry: openRegistries(registry),
    ...pickEnvironments(wanted, request),
    ...(server && repository ? { source: `${server}/${repository}` } : {}),
  };
  const made = await makeContainer(wanted, { image, ...glibc }, parts, folder);
  const { run, commit } = readOrigin(environment);
  const container = Container.parse({
    environment: wanted.environment,
    roots: wanted.roots.map(({ hash }) => hash),
    ...wanted.platform,
    tags: wanted.tags,
    ...blobOf(made.manifestText(blobOf(made.configText))),
    base: { name: image.name, digest: image.digest },
    published,
    origin: { ...(run ? { run } : {}), ...(commit ? { commit } : {}) },
  });
  return { wanted, made, base: image, baseFiles: files, container };
}

type FindBase = (
  platform: Platform,
) => Promise<{ image: BaseImage; files: Map<Digest, string>; glibc?: string | undefined }>;

/** Returns a function that fetches the base image once per platform. */
function createBaseFinder(name: string, folder: string): FindBase {
  const bases = new Map<string, ReturnType<FindBase>>();
  const fetchBase: FindBase = async (platform) => {
    const image = await findBaseImage(name, platform);
    return { image, ...(await fetchBaseLayers(image, folder)) };
  };
  return (platform) => {
    const key = `${platform.os}/${platform.architecture}`;
    const base = bases.get(key) ?? fetchBase(platform);
    bases.set(key, base);
    return base;
  };
}

/** The run environments for a container: those of its roots, or that of its environment's view. */
function pickEnvironments(
  { roots, environment }: WantedContainer,
  { environments, view, viewProblem }: ContainerRequest,
): { environments: Variables[]; view?: string } {
  if (environment === undefined) {
    const reported = roots
      .map(({ hash }) => environments[hash])
      .filter((variables) => variables !== undefined);
    return { environments: reported };
  }
  if (!view)
    throw new Error(
      `its view cannot be created: ${viewProblem ?? 'the build job had no time left for it'}; change the environment ("unify: true" gives it one version of each package), or build it without "container"`,
    );
  return { environments: [view.variables], view: view.archive };
}
