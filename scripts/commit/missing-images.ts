import pMap from 'p-map';
import { Build } from '../../site/schemas/build.ts';
import { annotate } from '../github/actions.ts';
import type { FindRegistry } from '../oci/open-registry.ts';
import type { Change } from './changes.ts';
import { partOf } from './reconcile.ts';

/** Questions to the registry at a time. */
const CONCURRENCY = 8;

/**
 * After a commit: says which of its builds have a tag that the registry does not have, as when `prune` has deleted an image
 * that this run had found there. Publishing them again pushes it.
 * @param lost those that another run was faster with
 * @returns how many
 */
export async function reportMissingImages(
  changes: readonly Change[],
  lost: readonly Change[],
  findRegistry: FindRegistry,
): Promise<number> {
  const builds = changes
    .filter((change) => !lost.includes(change))
    .flatMap(({ path, content }) =>
      content && partOf(path) === 'build' ? [Build.parse(JSON.parse(content.toString('utf8')))] : [],
    );
  const found = await pMap(builds, (build) => findRegistry(build).describeTag(build.image.tag), {
    concurrency: CONCURRENCY,
  });
  const missing = builds.filter((_, index) => found[index] === undefined);
  for (const { image } of missing)
    annotate(
      'warning',
      `${image.tag}: the registry has lost this image since this run saw it; publish it again`,
    );
  return missing.length;
}
