import type { Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import type { RemoteReference } from './reference.ts';
import type { Descriptor, ImageManifest } from '../../site/schemas/image-manifest.ts';

/** A manifest of any kind, as stored in a registry. */
export interface ManifestText {
  descriptor: Descriptor;
  /** The manifest verbatim. */
  text: string;
}

/** The manifest of one image, as stored in a registry. */
export interface RegistryManifest extends ManifestText {
  manifest: ImageManifest;
}

/** One repository of a registry, or an OCI image layout on disk, behind the same interface. */
export interface Registry {
  /** Its reference, in the short form. */
  readonly reference: string;
  /** Lists every tag, in no particular order; none when the repository does not exist yet. */
  listTags(): Promise<string[]>;
  /** Returns the descriptor that a tag points to; undefined when the tag or the repository does not exist. */
  describeTag(tag: string): Promise<Descriptor | undefined>;
  /** Reads the image or index of a tag or digest and checks its digest; undefined when it does not exist. */
  readText(tagOrDigest: string): Promise<ManifestText | undefined>;
  /** Reads the image manifest of a tag or digest and checks its digest; undefined when it does not exist. */
  readManifest(tagOrDigest: string): Promise<RegistryManifest | undefined>;
  /** Whether a blob of that digest exists, with that size if the registry reports one. */
  hasBlob(blob: Blob): Promise<boolean>;
  /**
   * Opens a blob as a stream that verifies itself: it fails at its end when size or sha256 differ. Do not use
   * the data before the stream has ended without an error.
   */
  openBlob(blob: Blob): Promise<Readable>;
  /** Reads a blob into memory, checks size and sha256. Refuses one above the limit (default: 256 MiB). */
  readBlob(blob: Blob, limitBytes?: number): Promise<Buffer>;
  /**
   * Pushes the images of a layout: blobs, then manifests, then tags. Blobs that the repository has may be
   * missing from the layout and are not sent again. An existing tag is overwritten; callers that must not
   * overwrite check first.
   */
  push(layout: string): Promise<void>;
  /**
   * Mounts a blob from another repository of the same registry, if the registry can, so that it need not be
   * sent.
   * @returns whether it was mounted
   */
  mountBlob(blob: Blob, from: RemoteReference): Promise<boolean>;
  /** Creates or moves a tag to a manifest in the repository; throws when that manifest does not exist. */
  pointTag(tag: string, digest: Digest): Promise<void>;
}
