import { join } from 'node:path';
import type { Container } from '../../site/schemas/container.ts';
import { formatJson } from '../../site/lib/json.ts';
import { addFiles } from '../catalog/new-files.ts';
import { describeError } from '../cli/command.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { readOrigin } from '../publish/origin.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { containerPath } from './container-records.ts';
import { findWanted, planContainers, type ContainerRequest } from './images-to-make.ts';
import { stageContainers, type StagedContainer } from './stage-containers.ts';
import type { ImageIndex } from '../../site/schemas/image-manifest.ts';
import { carryBlob } from '../oci/carry-blob.ts';
import { createLayout, type Layout } from '../oci/layout.ts';
import { describeManifest, isIndex, parseIndex } from '../oci/manifest.ts';
import { openRegistries } from '../oci/open-registry.ts';
import type { ManifestText, Registry } from '../oci/registry.ts';
import { addToIndex } from './compose-container.ts';

/** What became of all containers. */
export interface PublishedContainers {
  containers: Container[];
  warnings: string[];
  /** One sentence for each that could not be made. */
  faults: string[];
}

/**
 * Publishes the containers of requests: images that share their layers with the builds, over a base image, under tags
 * for people. Four phases: plan, make, push, record. One that is there already stays as it is; one that cannot be
 * made does not affect the others.
 * @param baseName as the settings name the base image
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
      result.faults.push(`containers: ${describeError(error)}`);
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

/** A concurrent publisher may move a tag back; it is checked again this many times. */
const TRIES = 3;

/** Pushes images and tags, and checks that the tags stayed: another publisher may have moved one meanwhile. */
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
  throw new Error(`tags were moved by others ${TRIES} times in a row; run this job again`);
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

/** The indexes that tags are to point at, of those that do not yet. The last container of a name counts. */
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

/** None for a tag that points at a single image: it is replaced. */
function readTagIndex(manifest: ManifestText | undefined, tag: string): ImageIndex | undefined {
  return manifest && isIndex(manifest.descriptor) ? parseIndex(manifest, tag) : undefined;
}
