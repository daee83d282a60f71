import { join } from 'node:path';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { downloadRunArtifact, listRunArtifacts } from './run-artifacts.ts';

/**
 * Lists the run's artifacts and downloads one that is known to be there: an artifact that was just uploaded may be
 * missing in a listing, the hour's requests may be used up, and the storage is another host than the API.
 * @returns why GitHub's API cannot be used for it; undefined when it can
 */
export async function tryRunArtifacts(
  known: string,
  environment: ProcessEnvironment,
  options: { firstRetryMs?: number } = {},
): Promise<string | undefined> {
  try {
    const artifacts = await listRunArtifacts(environment, options);
    const artifact = artifacts.findLast(({ name }) => name === known);
    if (!artifact) return `it lists ${artifacts.length} without ${known}`;
    await withTemporaryFolder((folder) =>
      downloadRunArtifact(artifact, join(folder, 'artifact.zip'), environment, options),
    );
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
