import { Build } from '../../site/schemas/build.ts';
import type { FindRegistry } from '../oci/open-registry.ts';
import { readFiles } from './branch.ts';
import type { Change } from './changes.ts';
import type { GitHub } from '../github/api.ts';
import { partOf } from './reconcile.ts';

/**
 * After another publisher committed the same builds first: points their tags at the images that its records name,
 * since our push may have come last.
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
