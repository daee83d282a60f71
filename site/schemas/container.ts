import { z } from 'zod';
import { Origin } from './build.ts';
import { DagHash, Digest } from './digest.ts';
import { Moment, Text } from './values.ts';

/** The base image of a container. */
const ContainerBase = z.strictObject({
  name: Text.max(300).describe('As the settings name it, such as `ubuntu:24.04`.'),
  digest: Digest.describe('Digest of its manifest for this architecture.'),
});

/**
 * `containers/<subject>/<digest in hex>.json`: an image for `docker run`, of one build or one environment,
 * for one architecture. Publish writes it once; a tag belongs to the newest record that names it.
 */
export const Container = z.strictObject({
  environment: Text.max(100).optional().describe('The environment that it holds. Absent: one build.'),
  roots: z.array(DagHash).min(1).describe('DAG hashes of what was asked for.'),
  os: Text.max(50).describe('As Go names it: `linux`.'),
  architecture: Text.max(50).describe('As Go names it: `amd64`, `arm64`.'),
  tags: z
    .array(Text.max(128))
    .min(1)
    .describe('Tags that it was given, the most exact first; each moves on to the next build of that name.'),
  digest: Digest.describe("Digest of the image's manifest, which never moves."),
  size: z.int().positive().describe("Bytes of the image's manifest."),
  base: ContainerBase.describe('The image under its layers.'),
  published: Moment.describe('When it was published: UTC, whole seconds.'),
  origin: z
    .strictObject({ run: Origin.shape.run, commit: Origin.shape.commit })
    .describe('Run and commit of this repository that published it.'),
});
export type Container = z.infer<typeof Container>;
