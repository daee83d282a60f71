import { z } from 'zod';
import { Digest } from './digest.ts';
import { Count, foreignList, Text } from './values.ts';

/** Media types of images. Source: the OCI image specification 1.1. */
export const IMAGE_MANIFEST_MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
/** Docker's older name for it. Spack uses it when it pushes a build on top of a base image that does. */
export const DOCKER_MANIFEST_MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
/** Docker's older name for an index. */
export const DOCKER_LIST_MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const IMAGE_INDEX_MEDIA_TYPE = 'application/vnd.oci.image.index.v1+json';
export const IMAGE_CONFIG_MEDIA_TYPE = 'application/vnd.oci.image.config.v1+json';
export const IMAGE_LAYER_MEDIA_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** A content descriptor. */
export const Descriptor = z.object({
  mediaType: Text,
  digest: Digest,
  /** Bytes. */
  size: Count,
  annotations: z.record(Text, Text).optional(),
});
export type Descriptor = z.infer<typeof Descriptor>;

/** An image's manifest. */
export const ImageManifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.enum([IMAGE_MANIFEST_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE]).optional(),
  config: Descriptor,
  layers: foreignList(Descriptor),
  annotations: z.record(Text, Text).optional(),
});
export type ImageManifest = z.infer<typeof ImageManifest>;

/** Platform of an image, in Go's names. */
export const Platform = z.object({
  os: Text,
  architecture: Text,
  /** Variant of the architecture, such as `v8` of `arm64`. */
  variant: Text.optional(),
});
export type Platform = z.infer<typeof Platform>;

/** Images under one name, one per platform. Also the `index.json` of an OCI image layout. */
export const ImageIndex = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.enum([IMAGE_INDEX_MEDIA_TYPE, DOCKER_LIST_MEDIA_TYPE]).optional(),
  manifests: foreignList(Descriptor.extend({ platform: Platform.optional() })),
});
export type ImageIndex = z.infer<typeof ImageIndex>;
