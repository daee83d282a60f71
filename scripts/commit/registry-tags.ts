import pMap from 'p-map';
import { Build } from '../../site/schemas/build.ts';
import type { FindRegistry } from '../oci/open-registry.ts';
import { readFiles } from './branch.ts';
import { type Change, partOf } from './changes.ts';
import type { GitHub } from '../github/api.ts';
import { annotate } from '../github/actions.ts';

/**
 * Points the tags of builds back to the images in the records of another publisher that committed the same
 * builds first, since our push may have been the last.
 * @returns the tags that were pointed back
 */
export async function yieldTags(
  github: GitHub,
  head: string,
  lost: readonly Change[],
  findRegistry: FindRegistry,
): Promise<string[]> {
  const paths = lost.map(({ path }) => path).filter((path) => partOf(path) === 'build');
  const files = await readFiles(github, head, paths, { withText: true });
  const pointed: string[] = [];
  for (const path of paths) {
    const text = files.get(path)?.text;
    if (text === undefined) continue;
    const { image } = Build.parse(JSON.parse(text));
    const registry = findRegistry({ image });
    if ((await registry.describeTag(image.tag))?.digest === image.digest) continue;
    await registry.pointTag(image.tag, image.digest);
    pointed.push(image.tag);
  }
  return pointed;
}

/** Concurrent requests to the registry. */
const CONCURRENCY = 8;

/**
 * Reports the builds of a commit whose tag is missing in the registry, as when `prune` has deleted an image
 * that this run had found there. Publishing them again pushes it.
 * @param lost changes that another run committed first
 * @returns the number of missing images
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
  const descriptors = await pMap(builds, (build) => findRegistry(build).describeTag(build.image.tag), {
    concurrency: CONCURRENCY,
  });
  const missing = builds.filter((_, index) => descriptors[index] === undefined);
  for (const { image } of missing)
    annotate(
      'warning',
      `${image.tag}: the registry has lost this image since this run saw it; publish it again`,
    );
  return missing.length;
}
