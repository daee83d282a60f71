import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Blob } from '../../site/schemas/build.ts';
import { Container } from '../../site/schemas/container.ts';
import type { DagHash, Digest } from '../../site/schemas/digest.ts';
import type { ImageIndex, Platform } from '../../site/schemas/image-manifest.ts';
import type { Node } from '../../site/schemas/node.ts';
import { readBuild } from '../catalog/catalog.ts';
import { addFiles } from '../catalog/new-files.ts';
import { describeError } from '../cli/command.ts';
import { createLayout } from '../oci/layout.ts';
import type { Layout } from '../oci/layout.ts';
import { describeManifest, isIndex, parseIndex } from '../oci/manifest.ts';
import type { ManifestText, Registry } from '../oci/registry.ts';
import { readDate, readOrigin } from '../publish/origin.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { fetchBaseLayers, findBaseImage } from './base-image.ts';
import type { BaseImage } from './base-image.ts';
import { readClosure, findMade, findWanted } from './images-to-make.ts';
import { addToIndex } from './compose-container.ts';
import { makeContainer } from './make-container.ts';
import type { MadeContainer } from './make-container.ts';
import { containerPath, readContainers } from './container-records.ts';
import type { Variables } from './run-environment.ts';
import type { WantedContainer } from './images-to-make.ts';
import { formatJson } from '../../site/lib/json.ts';

/** Whoever moves a tag at the same moment may undo our move: so often it is looked after. */
const TRIES = 3;

/** A request whose containers are to be published, with what its build job has told. */
export interface ContainerRequest {
  environment?: string | undefined;
  roots: Node[];
  /** Every node of the lock. */
  nodes: ReadonlyMap<DagHash, Node>;
  /** Run environments of roots. */
  environments: Readonly<Record<DagHash, Variables>>;
  /** Archive of the environment's view, and the variables to use it with. */
  view?: { archive: string; variables: Variables };
  /** Spack's own script for long shebangs, from before any build. */
  sbang: string;
}

/** What became of all containers. */
export interface PublishedContainers {
  containers: Container[];
  warnings: string[];
  /** One sentence for each that could not be made. */
  faults: string[];
}

/** A container on its way into the registry. */
interface Staged {
  wanted: WantedContainer;
  made: MadeContainer;
  base: BaseImage;
  baseFiles: ReadonlyMap<Digest, string>;
  container: Container;
}

/**
 * Publishes the containers of requests: images that share their layers with the builds, over a base image, under tags
 * for people. What is there already stays as it is; what cannot be made costs the others nothing.
 * @param baseName as the settings name the base image
 */
export async function publishContainers(
  requests: readonly ContainerRequest[],
  destination: Destination,
  baseName: string,
): Promise<PublishedContainers> {
  const result: PublishedContainers = { containers: [], warnings: [], faults: [] };
  if (requests.length === 0) return result;
  await withTemporaryFolder(async (folder) => {
    const staged = await stageAll(requests, destination, createBaseFinder(baseName, folder), folder, result);
    if (staged.length === 0) return;
    try {
      await pushContainers(staged, destination.registry, folder);
    } catch (error) {
      result.faults.push(`containers: ${describeError(error)}`);
      return;
    }
    addFiles(
      destination.catalogDirectory,
      staged.map(({ wanted, container }) => ({
        path: containerPath(wanted.subject, container),
        content: formatJson(container),
      })),
    );
    result.containers = staged.map(({ container }) => container);
  });
  return result;
}

/** Says which containers a publish would make. */
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
      `would make a container for ${os}/${architecture}: ${tags.join(', ')}`,
  );
  return { containers: [], warnings, faults: [] };
}

type FindBase = (
  platform: Platform,
) => Promise<{ image: BaseImage; files: Map<Digest, string>; glibc?: string }>;

/** Each platform's base image is fetched once. */
function createBaseFinder(name: string, folder: string): FindBase {
  const found = new Map<string, ReturnType<FindBase>>();
  return (platform) => {
    const key = `${platform.os}/${platform.architecture}`;
    const known = found.get(key) ?? fetchBase(name, platform, folder);
    found.set(key, known);
    return known;
  };
}

async function fetchBase(name: string, platform: Platform, folder: string): ReturnType<FindBase> {
  const image = await findBaseImage(name, platform);
  return { image, ...(await fetchBaseLayers(image, folder)) };
}

async function stageAll(
  requests: readonly ContainerRequest[],
  { registry, catalogDirectory, environment }: Destination,
  findBase: FindBase,
  folder: string,
  result: PublishedContainers,
): Promise<Staged[]> {
  const { run, commit } = readOrigin(environment);
  const published = readDate(environment, new Date());
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = environment;
  const source = server && repository ? { source: `${server}/${repository}` } : {};
  const staged: Staged[] = [];
  for (const request of requests) {
    for (const wanted of findWanted(request.roots, { environment: request.environment, commit })) {
      try {
        if (wanted.platform.os !== 'linux')
          throw new Error(`containers hold Linux programs, it is for ${wanted.platform.os}`);
        if (findMade(wanted, readContainers(catalogDirectory, wanted.subject))) continue;
        if (!wanted.roots.every((root) => readBuild(catalogDirectory, root))) {
          result.warnings.push(`no container ${wanted.tags[0]}: not all that was asked for did build`);
          continue;
        }
        const builds = readClosure(wanted.roots, request.nodes, catalogDirectory);
        const { image, files, ...glibc } = await findBase(wanted.platform);
        const own = join(folder, String(staged.length));
        mkdirSync(own);
        const parts = {
          builds,
          sbang: request.sbang,
          registry,
          ...tellEnvironment(wanted, request),
          ...source,
        };
        const made = await makeContainer(wanted, { image, ...glibc }, parts, own);
        result.warnings.push(...made.warnings.map((text) => `container ${wanted.tags[0]}: ${text}`));
        const manifest = await measureManifest(made, own);
        const container = Container.parse({
          ...(wanted.environment === undefined ? {} : { environment: wanted.environment }),
          roots: wanted.roots.map(({ hash }) => hash),
          ...wanted.platform,
          tags: wanted.tags,
          ...manifest,
          base: { name: image.name, digest: image.digest },
          published,
          origin: { ...(run ? { run } : {}), ...(commit ? { commit } : {}) },
        });
        staged.push({ wanted, made, base: image, baseFiles: files, container });
      } catch (error) {
        result.faults.push(`container ${wanted.tags[0]}: ${describeError(error)}`);
      }
    }
  }
  return staged;
}

function tellEnvironment(
  { roots, environment }: WantedContainer,
  { environments, view }: ContainerRequest,
): { environments: Variables[]; view?: string } {
  if (environment === undefined) {
    const reported = roots
      .map(({ hash }) => environments[hash])
      .filter((variables) => variables !== undefined);
    return { environments: reported };
  }
  if (!view) throw new Error('its build artifact has no view: see the log of that job');
  return { environments: [view.variables], view: view.archive };
}

/** Digest and size of a container's manifest. */
async function measureManifest(made: MadeContainer, folder: string): Promise<Blob> {
  const layout = await createLayout(join(folder, 'manifest'));
  return layout.addBytes(made.manifestText(await layout.addBytes(made.configText)));
}

/** Pushes images and tags, and looks whether the tags stayed: another publisher may have moved one meanwhile. */
async function pushContainers(staged: readonly Staged[], registry: Registry, folder: string): Promise<void> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const layout = await createLayout(join(folder, `push-${attempt}`));
    for (const staging of staged) await addImage(layout, staging, registry);
    for (const [tag, text] of await composeTags(staged, registry)) await layout.addTag(tag, text);
    await layout.close();
    await registry.push(layout.dir);
    if ((await composeTags(staged, registry)).size === 0) return;
  }
  throw new Error(`tags were moved by others ${TRIES} times in a row; run this job again`);
}

async function addImage(
  layout: Layout,
  { made, base, baseFiles }: Staged,
  registry: Registry,
): Promise<void> {
  for (const layer of base.layers) {
    const file = baseFiles.get(layer.digest);
    if (file && !(await registry.hasBlob(layer))) await layout.addFile(file, layer);
  }
  for (const [layer, file] of made.files) await layout.addFile(file, layer);
  await layout.addBytes(made.manifestText(await layout.addBytes(made.configText)));
}

/** The indexes that tags are to point at, of those that do not yet. The last container of a name counts. */
async function composeTags(staged: readonly Staged[], registry: Registry): Promise<Map<string, string>> {
  const found = new Map<string, ManifestText | undefined>();
  const wished = new Map<string, ManifestText>();
  for (const { wanted, container } of staged) {
    for (const tag of container.tags) {
      if (!found.has(tag)) found.set(tag, await registry.readText(tag));
      const text = addToIndex(
        readTagIndex(wished.get(tag) ?? found.get(tag), tag),
        container,
        wanted.platform,
      );
      wished.set(tag, describeManifest(text, tag));
    }
  }
  const open = [...wished].filter(([tag, { text }]) => found.get(tag)?.text !== text);
  return new Map(open.map(([tag, { text }]) => [tag, text]));
}

/** None for a tag that points at a single image: it is replaced. */
function readTagIndex(found: ManifestText | undefined, tag: string): ImageIndex | undefined {
  return found && isIndex(found.descriptor) ? parseIndex(found, tag) : undefined;
}
