import { blobOf } from '../cli/digest.ts';
import { withTemporaryFolder } from '../cli/files.ts';
import { buildFile, type Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import type { Build } from '../../site/schemas/build.ts';
import { hashesOf } from '../../site/schemas/node.ts';
import { createLayout } from '../oci/layout.ts';
import type { Registry } from '../oci/registry.ts';
import { recomposeManifest } from '../publish/spec-image.ts';
import type { Fix } from './diagnosis.ts';

/**
 * A fix for a lost or moved tag: points it back to the published image. If that was deleted, its manifest is composed
 * again from the catalog, and pushed if it has the recorded digest and the registry still has the blobs that it names.
 */
export async function restoreImage(
  registry: Registry,
  catalog: Pick<Catalog, 'nodes' | 'builds'>,
  build: Build,
): Promise<{ fix?: Fix; advice?: string }> {
  const { image, origin } = build;
  if (await registry.readText(image.digest).catch(() => undefined))
    return {
      fix: () => registry.pointTag(image.tag, image.digest),
      advice: 'run it with --fix to point the tag back',
    };
  const manifest = await findManifest(registry, catalog, build).catch(() => undefined);
  if (manifest !== undefined)
    return {
      fix: () => pushManifest(registry, image.tag, manifest),
      advice: 'run it with --fix to push its manifest again: the registry still has its blobs',
    };
  return {
    advice:
      `its image is gone: re-run the job "Publish" of ${origin.run ?? 'its run'} while GitHub keeps its artifacts, or remove ` +
      `${buildFile(build)} from the branch, so that the next run builds it`,
  };
}

/** The manifest of a deleted image; undefined when it cannot be composed, or would name blobs that are gone. */
async function findManifest(
  registry: Registry,
  { nodes, builds }: Pick<Catalog, 'nodes' | 'builds'>,
  build: Build,
): Promise<string | undefined> {
  const hashes = walk([build.hash], (hash) => hashesOf(nodes.get(hash)?.node));
  const dag = new Map(hashes.flatMap((hash) => nodes.get(hash)?.node ?? []).map((node) => [node.hash, node]));
  const composed = recomposeManifest(dag, build, (hash) => (hash === build.hash ? build : builds.get(hash)));
  if (blobOf(composed.manifestText).digest !== build.image.digest) return undefined;
  for (const blob of [build.image.config, ...composed.layers.map(({ tarball }) => tarball)])
    if (!(await registry.hasBlob(blob))) return undefined;
  return composed.manifestText;
}

async function pushManifest(registry: Registry, tag: string, manifestText: string): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const layout = await createLayout(folder);
    await layout.addTag(tag, manifestText);
    layout.close();
    await registry.push(layout.dir);
  });
}
