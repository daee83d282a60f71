import type { Container } from '../../site/schemas/container.ts';
import { formatJson } from '../../site/lib/json.ts';
import { addFiles } from '../catalog/new-files.ts';
import { describeError } from '../cli/command.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { readOrigin } from '../publish/origin.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { containerPath } from './container-records.ts';
import { findWanted } from './images-to-make.ts';
import { planContainers, type ContainerRequest } from './plan-containers.ts';
import { pushContainers } from './push-containers.ts';
import { stageContainers, type StagedContainer } from './stage-containers.ts';

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
