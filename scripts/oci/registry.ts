import type { Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import type { RemoteReference } from './reference.ts';
import type { Descriptor, ImageManifest } from '../../site/schemas/image-manifest.ts';

/** A manifest of any kind as a registry has it. */
export interface ManifestText {
  descriptor: Descriptor;
  /** The manifest to the letter. */
  text: string;
}

/** The manifest of one image as a registry has it. */
export interface RegistryManifest extends ManifestText {
  manifest: ImageManifest;
}

/** One repository of a registry, or an OCI image layout on disk: the same to all that use it. */
export interface Registry {
  /** What it was opened by, in its short form. */
  readonly reference: string;
  /** Every tag, in no particular order; none when the repository is not there yet. */
  listTags(): Promise<string[]>;
  /** What a tag points at; undefined when the repository has no such tag, or is not there yet. */
  describeTag(tag: string): Promise<Descriptor | undefined>;
  /** The text of what a tag or digest names, image or index, its digest checked; undefined when it is not there. */
  readText(tagOrDigest: string): Promise<ManifestText | undefined>;
  /** The manifest of the image of a tag or digest, its digest checked; undefined when it is not there. */
  readManifest(tagOrDigest: string): Promise<RegistryManifest | undefined>;
  /** Whether a blob of that digest is there, of that size as far as the registry says it. */
  hasBlob(blob: Blob): Promise<boolean>;
  /**
   * A blob as a stream that checks itself: it fails at its end when size or sha256 are not the blob's.
   * Do not use what was read before the end came without an error.
   */
  openBlob(blob: Blob): Promise<Readable>;
  /** A blob in memory, size and sha256 checked. Refuses one above the limit (256 MiB unless told). */
  readBlob(blob: Blob, limitBytes?: number): Promise<Buffer>;
  /**
   * Sends the images of a layout: blobs, then manifests, then tags. Blobs that the repository has need not lie
   * in the layout and are not sent again. An existing tag is overwritten; callers that must not overwrite check first.
   */
  push(layout: string): Promise<void>;
  /**
   * Takes a blob from another repository of the same registry, where it can: then it need not be sent.
   * @returns whether it did
   */
  mountBlob(blob: Blob, from: RemoteReference): Promise<boolean>;
  /** Points a tag, there or not, at a manifest that the repository has; throws when it has none of that digest. */
  pointTag(tag: string, digest: Digest): Promise<void>;
}
