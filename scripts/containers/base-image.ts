import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import { Digest, hexOf } from '../../site/schemas/digest.ts';
import type { Descriptor, Platform } from '../../site/schemas/image-manifest.ts';
import { isIndex, parseIndex, parseImageManifest } from '../oci/manifest.ts';
import { type ManifestText, type Registry, parseImageReference } from '../oci/registry.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { visitEntries } from '../build-cache/tar/entries.ts';
import { GlibcScan } from '../build-cache/elf-glibc.ts';
import type { Layer } from './write-layer.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

export interface BaseLayer extends Layer {
  mediaType: string;
}

/** A base image for one platform. */
export interface BaseImage {
  name: string;
  /** Digest of its manifest for this platform. */
  digest: Digest;
  layers: BaseLayer[];
  config: BaseConfig;
  registry: Registry;
}

/** Parts of a base image's config that a container keeps. */
const BaseConfig = z.object({
  config: z
    .object({
      Env: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      User: z.string().nullish(),
      WorkingDir: z.string().nullish(),
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(Digest) }),
});
export type BaseConfig = z.infer<typeof BaseConfig>;

const MAX_CONFIG_BYTES = 4 * 2 ** 20;
/** OCI's media types for Docker's layers, whose bytes are the same. */
const LAYER_MEDIA_TYPES: Record<string, string> = {
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/** Finds a base image for a platform in its registry, without reading its layers. */
export async function findBaseImage(name: string, platform: Platform): Promise<BaseImage> {
  const { repository, tagOrDigest } = parseImageReference(name);
  const registry = openRegistry(repository);
  const named = await registry.readText(tagOrDigest);
  if (!named)
    throw new Error(
      `base image ${name}: ${repository} has no ${tagOrDigest}; correct baseImage in the settings`,
    );
  const { descriptor, manifest } = await pickPlatform(named, platform, registry, name);
  const bytes = await registry.readBlob(manifest.config, MAX_CONFIG_BYTES);
  const config = parseJson(bytes.toString('utf8'), BaseConfig, {
    where: `base image ${name}`,
    expected: 'the config of an image',
    advice: 'choose another baseImage in the settings',
  });
  const { diff_ids: diffIds } = config.rootfs;
  if (diffIds.length !== manifest.layers.length) {
    throw new Error(
      `base image ${name}: expected a diff ID for each of ${manifest.layers.length} layers, found ${diffIds.length}`,
    );
  }
  const layers = manifest.layers.map((layer, index) => describeLayer(name, layer, diffIds[index] ?? ''));
  return { name, digest: descriptor.digest, layers, config, registry };
}

async function pickPlatform(manifest: ManifestText, platform: Platform, registry: Registry, name: string) {
  if (!isIndex(manifest.descriptor)) return parseImageManifest(manifest.text, `base image ${name}`);
  const { manifests } = parseIndex(manifest, `base image ${name}`);
  const entry = manifests.find(
    (entry) => entry.platform?.os === platform.os && entry.platform.architecture === platform.architecture,
  );
  const wanted = `${platform.os}/${platform.architecture}`;
  if (!entry)
    throw new Error(`base image ${name}: expected an image for ${wanted}, found none; set another baseImage`);
  const text = await registry.readText(entry.digest);
  if (!text)
    throw new Error(
      `base image ${name}: its index names ${entry.digest} for ${wanted}, which does not exist`,
    );
  return parseImageManifest(text.text, `base image ${name} for ${wanted}`);
}

function describeLayer(name: string, { mediaType, digest, size }: Descriptor, diffId: Digest): BaseLayer {
  const mediaTypes = ownValue(LAYER_MEDIA_TYPES, mediaType);
  if (mediaTypes === undefined) {
    throw new Error(`base image ${name}: expected layers as tar with gzip or zstd, found ${mediaType}`);
  }
  return { mediaType: mediaTypes, digest, size, diffId };
}

/**
 * Fetches the layers of a base image into a folder, checks each, and finds the image's glibc.
 * @returns the file of each layer by digest, and the version as `x.y`; absent when the image has no glibc
 */
export async function fetchBaseLayers(
  { name, layers, registry }: BaseImage,
  folder: string,
): Promise<{ files: Map<Digest, string>; glibc?: string | undefined }> {
  const files = new Map<Digest, string>();
  let glibc: string | undefined;
  for (const layer of layers) {
    const file = join(folder, `base-${hexOf(layer.digest)}`);
    await pipeline(await registry.openBlob(layer), createWriteStream(file));
    files.set(layer.digest, file);
    const unpack = layer.mediaType.endsWith('zstd') ? createZstdDecompress() : createGunzip();
    // The newest version that `libc.so.6` itself names is its own.
    const scan = new GlibcScan();
    const send = (tar: Extract) => pipeline(createReadStream(file), unpack, tar);
    await visitEntries(send, async (header, content) => {
      if (!/(?:^|\/)libc(?:\.so\.6|-[\d.]+\.so)$/.test(header.name)) return;
      const read = scan.startFile();
      for await (const chunk of content) if (Buffer.isBuffer(chunk)) read(chunk);
    }).catch((cause: unknown) => {
      throw new Error(`base image ${name}: its layer ${layer.digest} cannot be unpacked`, { cause });
    });
    // A later layer replaces the files of earlier ones.
    glibc = scan.newest ?? glibc;
  }
  return { files, glibc };
}
