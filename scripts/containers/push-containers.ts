import { join } from 'node:path';
import type { ImageIndex } from '../../site/schemas/image-manifest.ts';
import { createLayout, type Layout } from '../oci/layout.ts';
import { describeManifest, isIndex, parseIndex } from '../oci/manifest.ts';
import type { ManifestText, Registry } from '../oci/registry.ts';
import { addToIndex } from './compose-container.ts';
import type { StagedContainer } from './stage-containers.ts';

/** A concurrent publisher may move a tag back; it is checked again this many times. */
const TRIES = 3;

/** Pushes images and tags, and checks that the tags stayed: another publisher may have moved one meanwhile. */
export async function pushContainers(
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
