import type { Readable } from 'node:stream';
import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { Digest } from '../../site/schemas/digest.ts';
import { foreignList, Text } from '../../site/schemas/values.ts';
import {
  Descriptor,
  IMAGE_MANIFEST_MEDIA_TYPE,
  type ImageManifest,
} from '../../site/schemas/image-manifest.ts';
import { readLimited, type HttpAnswer } from '../http/request.ts';
import { retry } from '../http/retry.ts';
import {
  describeManifest,
  MANIFEST_MEDIA_TYPES,
  MAX_MANIFEST_BYTES,
  parseImageManifest,
} from './manifest.ts';
import { restoreLayout, tagManifest } from './oras.ts';
import { readAll, verified } from './verify.ts';
import type { ManifestText, Registry, RemoteReference } from './registry.ts';
import { isGitHubRegistry } from './github-registry.ts';
import { RegistryRefusedError } from './errors.ts';
import { RegistryClient } from './registry-client.ts';
import { ignoreMissing } from '../cli/files.ts';
import { blobPath, readIndex, tagOf } from './layout.ts';

/** Options of a remote registry. Tests shorten the times. */
export interface RemoteOptions {
  /** Longest time without a byte from the registry, in milliseconds. */
  idleMs?: number;
  /** Send no login, even if there is one, to see what the public sees. */
  anonymous?: boolean;
}

/** A registry that checks a large blob may be silent for a while. */
const IDLE_MS = 60_000;

/** The first image is small; the registry ends an upload after ten minutes. */
const PUSHING = { idleMs: 600_000, actions: 'pull,push' } as const;

/** Maximum page size of ghcr.io. */
const TAGS_A_PAGE = 100;
/** Enough for a million tags. */
const MOST_TAG_PAGES = 10_000;
const MAX_TAGS_BYTES = 16 * 2 ** 20;
const TagList = z.object({ tags: foreignList(Text).nullish() });

interface Remote {
  repository: RemoteReference;
  /** For people: `ghcr.io/owner/repo`. */
  reference: string;
  client: RegistryClient;
}

/** Opens one repository of a registry. Reads use HTTP, pushes use ORAS. */
export function openRemote(repository: RemoteReference, options: RemoteOptions): Registry {
  const { idleMs = IDLE_MS } = options;
  const reference = `${repository.host}/${repository.path}`;
  const client = new RegistryClient(repository, { idleMs, anonymous: options.anonymous });
  const remote: Remote = { repository, reference, client };
  return {
    reference,
    listTags: () => listTags(remote),
    describeTag: (tag) => describeTag(remote, tag),
    readText: (tagOrDigest) => readText(remote, tagOrDigest),
    readManifest: async (tagOrDigest) => {
      const manifest = await readText(remote, tagOrDigest);
      return manifest && parseImageManifest(manifest.text, `${reference} ${tagOrDigest}`);
    },
    hasBlob: (blob) => hasBlob(remote, blob),
    openBlob: (blob) => retry(() => openOnce(remote, blob)),
    readBlob: (blob, limitBytes) =>
      retry(() => readAll(() => openOnce(remote, blob), blob, reference, limitBytes)),
    mountBlob: (blob, from) => mountBlob(remote, blob, from),
    push: (layout) => push(remote, layout),
    pointTag: async (tag, digest) => tagManifest(repository, digest, tag, await client.transport()),
  };
}

/** Sends one request without retries; undefined when the object does not exist. */
function request({ client }: Remote, method: string, part: string): Promise<HttpAnswer | undefined> {
  return client.request(method, part, MANIFEST_MEDIA_TYPES.join(', '));
}

async function openOnce(remote: Remote, blob: Blob): Promise<Readable> {
  const answer = await request(remote, 'GET', `blobs/${blob.digest}`);
  if (!answer) throw new Error(`${remote.reference} has no blob ${blob.digest}; publish its build again`);
  return verified(answer.body, remote.reference, blob);
}

async function listTags(remote: Remote): Promise<string[]> {
  const tags: string[] = [];
  const seen = new Set<string>();
  let next: string | undefined = `tags/list?n=${TAGS_A_PAGE}`;
  while (next !== undefined) {
    const page = await readTagPage(remote, next);
    if (!page) return tags;
    tags.push(...page.tags);
    next = page.next;
    if (next !== undefined && (seen.has(next) || seen.size > MOST_TAG_PAGES))
      throw new Error(
        `${remote.reference}: expected the next page of at most ${MOST_TAG_PAGES} of tags, found ${seen.has(next) ? 'one that was read already' : 'more'}`,
      );
    if (next !== undefined) seen.add(next);
  }
  return tags;
}

/** Reads a page of tags, and the address of the next page. Undefined when the repository does not exist. */
async function readTagPage(
  { client, reference }: Remote,
  part: string,
): Promise<{ tags: string[]; next: string | undefined } | undefined> {
  const page = await retry(async () => {
    const answer = await client.request('GET', part, 'application/json');
    if (!answer) return undefined;
    const text = await readLimited(answer, MAX_TAGS_BYTES);
    return { text: text.toString('utf8'), link: answer.headers.get('link') };
  });
  if (!page) return undefined;
  const advice = 'run it again; if that does not help, ask the operator of the registry';
  const list = parseJson(page.text, TagList, { where: `${reference} tags/list`, advice });
  return { tags: list.tags ?? [], next: /<([^>]+)>\s*;\s*rel="?next"?/.exec(page.link ?? '')?.[1] };
}

async function describeTag(remote: Remote, tag: string): Promise<Descriptor | undefined> {
  const answer = await retry(() => request(remote, 'HEAD', `manifests/${tag}`));
  if (!answer) return undefined;
  answer.body.destroy();
  const descriptor = Descriptor.safeParse({
    mediaType: answer.headers.get('content-type'),
    digest: answer.headers.get('docker-content-digest'),
    size: Number(answer.headers.get('content-length') ?? Number.NaN),
  });
  // The specification makes these headers optional; the manifest itself always has the data.
  return descriptor.success ? descriptor.data : (await readText(remote, tag))?.descriptor;
}

async function readText(remote: Remote, tagOrDigest: string): Promise<ManifestText | undefined> {
  const where = `${remote.reference} ${tagOrDigest}`;
  const bytes = await retry(async () => {
    const answer = await request(remote, 'GET', `manifests/${tagOrDigest}`);
    return answer && readLimited(answer, MAX_MANIFEST_BYTES);
  });
  if (!bytes) return undefined;
  const manifest = describeManifest(bytes.toString('utf8'), where);
  if (Digest.safeParse(tagOrDigest).success && manifest.descriptor.digest !== tagOrDigest) {
    throw new Error(`${where}: expected the manifest of that digest, found ${manifest.descriptor.digest}`);
  }
  return manifest;
}

async function hasBlob(remote: Remote, blob: Blob): Promise<boolean> {
  const answer = await retry(() => request(remote, 'HEAD', `blobs/${blob.digest}`));
  answer?.body.destroy();
  const length = answer?.headers.get('content-length');
  // The specification does not require a registry to report the size.
  return answer !== undefined && (typeof length !== 'string' || Number(length) === blob.size);
}

async function push({ repository, client }: Remote, layout: string): Promise<void> {
  const transport = await client.transport();
  try {
    await restoreLayout(layout, repository, transport);
  } catch (error) {
    // ORAS checks before it pushes, and mistakes GitHub's 403 for a missing package for a refusal.
    if (!(error instanceof RegistryRefusedError) || !isGitHubRegistry(repository.host)) throw error;
    const sent = await retry(() => pushFirstImage(layout, new RegistryClient(repository, PUSHING)));
    if (!sent) throw error;
    await restoreLayout(layout, repository, transport);
  }
}

async function mountBlob(remote: Remote, blob: Blob, from: RemoteReference): Promise<boolean> {
  const { repository } = remote;
  if (from.host !== repository.host || from.path === repository.path || (await hasBlob(remote, blob)))
    return false;
  const mounting = new RegistryClient(repository, { ...PUSHING, mountFrom: from.path });
  const part = `blobs/uploads/?mount=${blob.digest}&from=${encodeURIComponent(from.path)}`;
  const answer = await retry(() => mounting.request('POST', part, '*/*'));
  answer?.body.destroy();
  // 201: mounted; 202: the registry began an upload instead, which is abandoned.
  return answer?.status === 201;
}

/** An image of a layout with all its blobs. */
interface WholeImage {
  tag: string;
  manifest: ImageManifest;
  /** File of its manifest. */
  file: string;
  bytes: number;
}

/**
 * Creates a package by pushing the smallest image of a layout without checking first. Does nothing if the
 * repository already has that image, or the layout has no image with all its blobs.
 * @returns whether an image was pushed
 */
async function pushFirstImage(layout: string, client: RegistryClient): Promise<boolean> {
  const image = await findSmallest(layout);
  if (!image) return false;
  const { tag, manifest, file } = image;
  const accept = MANIFEST_MEDIA_TYPES.join(', ');
  const existing = await client.request('GET', `manifests/${tag}`, accept);
  existing?.body.destroy();
  if (existing) return false;
  for (const blob of [manifest.config, ...manifest.layers]) {
    const started = await client.request('POST', 'blobs/uploads/', '*/*');
    started?.body.destroy();
    const location = started?.headers.get('location');
    if (!started || !location) throw new Error(`${tag}: expected an address to upload to, found none`);
    const url = new URL(location, started.url);
    url.searchParams.set('digest', blob.digest);
    const body = await openAsBlob(blobPath(layout, blob.digest));
    const sent = await client.request('PUT', url.href, '*/*', { type: 'application/octet-stream', body });
    sent?.body.destroy();
  }
  const sent = await client.request('PUT', `manifests/${tag}`, accept, {
    type: IMAGE_MANIFEST_MEDIA_TYPE,
    body: await openAsBlob(file),
  });
  sent?.body.destroy();
  return true;
}

async function findSmallest(layout: string): Promise<WholeImage | undefined> {
  const images: WholeImage[] = [];
  for (const descriptor of (await readIndex(layout)) ?? []) {
    const tag = tagOf(descriptor);
    if (tag === undefined || descriptor.mediaType !== IMAGE_MANIFEST_MEDIA_TYPE) continue;
    const file = blobPath(layout, descriptor.digest);
    const text = await readFile(file, 'utf8').catch(ignoreMissing);
    if (text === undefined) continue;
    const { manifest } = parseImageManifest(text, file);
    const bytes = [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
    images.push({ tag, manifest, file, bytes });
  }
  for (const image of images.sort((a, b) => a.bytes - b.bytes)) {
    if (await hasAllBlobs(layout, image.manifest)) return image;
  }
  return undefined;
}

async function hasAllBlobs(layout: string, { config, layers }: ImageManifest): Promise<boolean> {
  const blobs = await Promise.all(
    [config, ...layers].map((blob) => openAsBlob(blobPath(layout, blob.digest)).catch(() => undefined)),
  );
  return blobs.every((blob, at) => blob?.size === [config, ...layers][at]?.size);
}
