import type { Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import type { Descriptor, ImageManifest } from '../../site/schemas/image-manifest.ts';
import { isLoopback } from '../http/request.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

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

/** Protocol of a registry: TLS, plain HTTP, or whichever of the two answers. */
export type Transport = 'https' | 'http' | 'either';

/** A repository of a registry. */
export interface RemoteReference {
  kind: 'remote';
  /** Host name or address, with its port, if any. */
  host: string;
  /** The repository's path in lower case. */
  path: string;
  transport: Transport;
}

/** An OCI image layout on disk. */
export interface DirectoryReference {
  kind: 'directory';
  dir: string;
}

const LAYOUT_PREFIX = 'oci-layout:';
const SCHEMES: Record<string, Transport> = {
  'http://': 'http',
  'oci+http://': 'http',
  'https://': 'https',
  'oci://': 'https',
};

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;
/** Source: the OCI distribution specification 1.1, `<name>`. */
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/**
 * Parses a registry's reference. Converts the path to lower case, which registries require: an owner's name
 * on GitHub may have upper case letters. Without a scheme `localhost` uses plain HTTP (as in ORAS), any other
 * loopback address whichever answers (as in Docker), all other hosts HTTPS.
 */
export function parseReference(reference: string): RemoteReference | DirectoryReference {
  if (reference.startsWith(LAYOUT_PREFIX)) {
    const dir = reference.slice(LAYOUT_PREFIX.length);
    if (dir === '') throw new Error(`registry "${reference}": expected a directory after ${LAYOUT_PREFIX}`);
    return { kind: 'directory', dir };
  }
  const scheme = Object.keys(SCHEMES).find((prefix) => reference.startsWith(prefix)) ?? '';
  const [, host = '', mixedCase = ''] = /^([^/]*)\/(.*?)\/?$/.exec(reference.slice(scheme.length)) ?? [];
  const path = mixedCase.toLowerCase();
  if (!HOST.test(host) || !looksLikeHost(host) || !PATH.test(path)) {
    throw new Error(
      `registry "${reference}": expected oci-layout:DIR or host/path without a tag, such as ghcr.io/owner/repo`,
    );
  }
  return { kind: 'remote', host, path, transport: ownValue(SCHEMES, scheme) ?? transportOf(host) };
}

/** Rejects `owner/repo` without a host: Docker would look on Docker Hub, which is never meant here. */
function looksLikeHost(host: string): boolean {
  return /[.:[]/.test(host) || host === 'localhost';
}

function transportOf(host: string): Transport {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (name === 'localhost') return 'http';
  return isLoopback(name) ? 'either' : 'https';
}

/** A parsed image name, by Docker's rules. */
export interface ImageReference {
  /** `host/path` of the repository. */
  repository: string;
  /** The digest, if the name has one, otherwise the tag. */
  tagOrDigest: string;
}

const NAME = /^(?<path>[^@:\s][^@\s]*?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/**
 * Parses the name of an image like Docker: `ubuntu:24.04` is `docker.io/library/ubuntu` with the tag `24.04`,
 * the default tag is `latest`, and a digest has precedence over a tag.
 */
export function parseImageReference(name: string): ImageReference {
  const { path = '', tag = 'latest', digest } = NAME.exec(name)?.groups ?? {};
  const [first = '', ...rest] = path.split('/');
  if (path === '') {
    throw new Error(`image "${name}": expected a name such as ubuntu:24.04 or quay.io/owner/image@sha256:…`);
  }
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const repository = hasHost ? path : `docker.io/${rest.length > 0 ? path : `library/${path}`}`;
  return { repository, tagOrDigest: digest ?? tag };
}
