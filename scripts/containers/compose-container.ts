import type { Blob } from '../../site/schemas/build.ts';
import {
  IMAGE_CONFIG_MEDIA_TYPE,
  IMAGE_INDEX_MEDIA_TYPE,
  IMAGE_LAYER_MEDIA_TYPE,
  IMAGE_MANIFEST_MEDIA_TYPE,
  type Platform,
  type ImageIndex,
} from '../../site/schemas/image-manifest.ts';
import type { BaseImage } from './base-image.ts';
import type { Layer } from './write-layer.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** Docker's storage drivers stop here. */
export const MAX_CONTAINER_LAYERS = 127;

/** A container, but for the digest of its config, which follows from its bytes alone. */
export interface ContainerText {
  configText: string;
  manifestText(config: Blob): string;
}

/** Composes a container: a base image, and layers over it. The same input gives the same bytes. */
export function composeContainer(container: {
  base: BaseImage;
  /** Over the base's, the lowest first. */
  layers: readonly Layer[];
  /** `NAME=value`. */
  env: readonly string[];
  platform: Platform;
  annotations: Record<string, string>;
}): ContainerText {
  const { base, layers, env, platform } = container;
  const annotations = {
    ...container.annotations,
    'org.opencontainers.image.base.name': base.name,
    'org.opencontainers.image.base.digest': base.digest,
  };
  const { Cmd, User, WorkingDir } = base.config.config ?? {};
  // No entry point of the base's: what is given to `docker run` is the program.
  const config = {
    Env: env,
    Cmd: Cmd ?? ['/bin/sh'],
    ...(User ? { User } : {}),
    ...(WorkingDir ? { WorkingDir } : {}),
    Labels: annotations,
  };
  const all = [...base.layers, ...layers.map((layer) => ({ mediaType: IMAGE_LAYER_MEDIA_TYPE, ...layer }))];
  const configText = JSON.stringify({
    architecture: platform.architecture,
    os: platform.os,
    config,
    rootfs: { type: 'layers', diff_ids: all.map(({ diffId }) => diffId) },
  });
  return {
    configText,
    manifestText: ({ digest, size }) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: IMAGE_MANIFEST_MEDIA_TYPE,
        config: { mediaType: IMAGE_CONFIG_MEDIA_TYPE, digest, size },
        layers: all.map((layer) => ({ mediaType: layer.mediaType, digest: layer.digest, size: layer.size })),
        annotations,
      }),
  };
}

/** Puts an image into the index of a tag: it takes the place of the one for its own platform, the others stay. */
export function addToIndex(
  index: Pick<ImageIndex, 'manifests'> | undefined,
  image: Blob,
  { os, architecture }: Platform,
): string {
  const others = (index?.manifests ?? []).filter(
    ({ platform }) => platform && !(platform.os === os && platform.architecture === architecture),
  );
  const own = {
    mediaType: IMAGE_MANIFEST_MEDIA_TYPE,
    digest: image.digest,
    size: image.size,
    platform: { os, architecture },
  };
  const manifests = [...others, own].sort((a, b) => compareTexts(platformName(a), platformName(b)));
  return JSON.stringify({ schemaVersion: 2, mediaType: IMAGE_INDEX_MEDIA_TYPE, manifests });
}

function platformName({ platform }: { platform?: Platform | undefined }): string {
  return `${platform?.os}/${platform?.architecture}/${platform?.variant ?? ''}`;
}
