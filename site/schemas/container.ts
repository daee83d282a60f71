import { z } from 'zod';
import { Origin } from './build.ts';
import { DagHash, Digest } from './digest.ts';
import { Moment, Text } from './values.ts';

/** The base image of a container. */
const ContainerBase = z.strictObject({
  name: Text.max(300).describe('Its name in the settings, such as `ubuntu:24.04`.'),
  digest: Digest.describe('Digest of its manifest for this architecture.'),
});

/**
 * `containers/<subject>/<digest in hex>.json`: an image for `docker run`, of one build or one environment,
 * for one architecture. Publish writes it once; a tag belongs to the newest record that names it.
 */
export const Container = z.strictObject({
  environment: Text.max(100).optional().describe('The environment in it. Absent: the image is of one build.'),
  roots: z.array(DagHash).min(1).describe('DAG hashes of the requested specs.'),
  os: Text.max(50).describe("Operating system, in Go's names: `linux`."),
  architecture: Text.max(50).describe("Architecture, in Go's names: `amd64`, `arm64`."),
  tags: z
    .array(Text.max(128))
    .min(1)
    .describe('Tags that it was published with, the most specific first; newer images take over their tags.'),
  digest: Digest.describe("Digest of the image's manifest, which never changes."),
  size: z.int().positive().describe("Bytes of the image's manifest."),
  base: ContainerBase.describe('The image under its layers.'),
  published: Moment.describe('When it was published: UTC, whole seconds.'),
  origin: z
    .strictObject({ run: Origin.shape.run, commit: Origin.shape.commit })
    .describe('The workflow run that published it, and its commit of this repository.'),
});
export type Container = z.infer<typeof Container>;
