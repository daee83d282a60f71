import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Blob } from '../../site/schemas/build.ts';
import { Container } from '../../site/schemas/container.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import type { Platform } from '../../site/schemas/image-manifest.ts';
import { describeError } from '../cli/command.ts';
import { createLayout } from '../oci/layout.ts';
import { openRegistries } from '../oci/open-registry.ts';
import { readDate, readOrigin } from '../publish/origin.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { fetchBaseLayers, findBaseImage, type BaseImage } from './base-image.ts';
import type { WantedContainer, ContainerRequest, PlannedContainer } from './images-to-make.ts';
import { makeContainer, type MadeContainer } from './make-container.ts';
import type { Variables } from './run-environment.ts';

/** A container whose layers of its own are files, ready for the registry. */
export interface StagedContainer {
  wanted: WantedContainer;
  made: MadeContainer;
  base: BaseImage;
  /** The layers of the base image, by digest. */
  baseFiles: ReadonlyMap<Digest, string>;
  /** The record for the catalog. */
  container: Container;
}

/**
 * Makes containers in a folder, each over the base image for its platform, which is fetched once.
 * @param baseName as the settings name the base image
 * @returns those that could be made, with one sentence for each of the others
 */
export async function stageContainers(
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
      faults.push(`${name}: ${describeError(error)}`);
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
    ...(wanted.environment === undefined ? {} : { environment: wanted.environment }),
    roots: wanted.roots.map(({ hash }) => hash),
    ...wanted.platform,
    tags: wanted.tags,
    ...(await measureManifest(made, folder)),
    base: { name: image.name, digest: image.digest },
    published,
    origin: { ...(run ? { run } : {}), ...(commit ? { commit } : {}) },
  });
  return { wanted, made, base: image, baseFiles: files, container };
}

type FindBase = (
  platform: Platform,
) => Promise<{ image: BaseImage; files: Map<Digest, string>; glibc?: string }>;

/** Each platform's base image is fetched once. */
function createBaseFinder(name: string, folder: string): FindBase {
  const images = new Map<string, ReturnType<FindBase>>();
  return (platform) => {
    const key = `${platform.os}/${platform.architecture}`;
    const image = images.get(key) ?? fetchBase(name, platform, folder);
    images.set(key, image);
    return image;
  };
}

async function fetchBase(name: string, platform: Platform, folder: string): ReturnType<FindBase> {
  const image = await findBaseImage(name, platform);
  return { image, ...(await fetchBaseLayers(image, folder)) };
}

/** The run environments that a container takes: of its roots, or of the view of its environment. */
function pickEnvironments(
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
