import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Pack } from 'tar-stream';
import type { Blob } from '../../site/schemas/build.ts';
import type { Registry } from '../oci/registry.ts';
import { packLayer, type Layer } from './write-layer.ts';

/**
 * Makes one layer of several tarballs, for what has more of them than an image may have layers. The same tarballs give
 * the same bytes. They were checked when they were published, and their digests are checked again here.
 */
export function mergeTarballs(file: string, tarballs: readonly Blob[], registry: Registry): Promise<Layer> {
  return packLayer(file, async (tar) => {
    const folders = new Set<string>();
    for (const tarball of tarballs) await copyEntries(tarball, registry, tar, folders);
  });
}

/** How many of the lowest layers are to become one, so that all of them are no more than a limit. */
export function countToMerge(layers: number, limit: number): number {
  return layers <= limit ? 0 : layers - limit + 1;
}

async function copyEntries(
  tarball: Blob,
  registry: Registry,
  tar: Pack,
  folders: Set<string>,
): Promise<void> {
  const archive = extract();
  const copy = async (): Promise<void> => {
    for await (const entry of archive) {
      const { header } = entry;
      const isKnown = header.type === 'directory' && folders.has(header.name);
      if (header.type === 'directory') folders.add(header.name);
      if (isKnown || header.type !== 'file') {
        if (!isKnown) tar.entry(header);
        entry.resume();
      } else {
        await pipeline(entry, tar.entry(header));
      }
    }
  };
  await Promise.all([pipeline(await registry.openBlob(tarball), createGunzip(), archive), copy()]);
}
