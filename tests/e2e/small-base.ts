import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addToIndex, composeContainer } from '../../scripts/containers/make-container.ts';
import { writeLayer, type LayerEntry } from '../../scripts/containers/write-layer.ts';
import { createLayout } from '../../scripts/oci/layout.ts';
import { openRegistry } from '../../scripts/oci/open-registry.ts';
import { findProgram } from '../tools/path.ts';
import { copyProgram } from './root-folder.ts';

/** This machine's platform with Go's names. */
export const OWN_PLATFORM = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };

/**
 * Pushes an image with this machine's shell and C library, like that of a distribution, with the tag `1`.
 * @param folder for its files
 */
export async function pushSmallBase(reference: string, folder: string): Promise<void> {
  const root = join(folder, 'base');
  await copyProgram(root, '/bin/sh');
  await copyProgram(root, findProgram('env') ?? '/usr/bin/env', '/usr/bin/env');
  const layerFile = join(folder, 'base.tar.gz');
  const layer = await writeLayer(layerFile, await listFiles(root));
  const registry = openRegistry(reference);
  const nothing = {
    ...{ name: 'scratch', digest: layer.digest, layers: [], registry },
    config: { rootfs: { diff_ids: [] } },
  };
  const { configText, manifestText } = composeContainer({
    base: nothing,
    layers: [layer],
    env: ['PATH=/usr/bin:/bin', 'LANG=C.UTF-8'],
    platform: OWN_PLATFORM,
    annotations: {},
  });
  const layout = await createLayout(join(folder, 'base-layout'));
  await layout.addFile(layerFile, layer);
  const image = await layout.addBytes(manifestText(await layout.addBytes(configText)));
  await layout.addTag('1', addToIndex(undefined, image, OWN_PLATFORM));
  layout.close();
  await registry.push(layout.dir);
}

async function listFiles(root: string): Promise<LayerEntry[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(
    files.map(async (file) => {
      const content = { file, size: (await readFile(file)).length };
      return { path: file.slice(root.length + 1), kind: 'file' as const, executable: true, content };
    }),
  );
}
