import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import { Digest } from '../../site/schemas/digest.ts';
import { Descriptor } from '../../site/schemas/image-manifest.ts';
import type { HttpAnswer } from './http.ts';
import { describeManifest, MANIFEST_MEDIA_TYPES, MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts';
import { restoreLayout, tagManifest } from './oras.ts';
import { readAll, verified } from './verify.ts';
import type { RemoteReference } from './reference.ts';
import type { ManifestText, Registry, RegistryManifest } from './registry.ts';
import { createClient } from './registry-client.ts';
import { tryAgain } from './http.ts';

/** Times that a test shortens. */
export interface RemoteOptions {
  /** Wait before the second try; doubled before each further one. */
  firstRetryMs?: number;
  /** Longest time without a byte from the registry. */
  idleMs?: number;
  /** Use no login, even where there is one: see what everybody sees. */
  anonymous?: boolean;
}

/** Wait before the second try: registries count requests by the second. */
const FIRST_RETRY_MS = 500;
/** A registry that checks a large blob may be silent for a while. */
const IDLE_MS = 60_000;

/** Opens one repository of a registry: reads go by HTTP, pushes by ORAS. */
export function openRemote(repository: RemoteReference, options: RemoteOptions): Registry {
  const { firstRetryMs = FIRST_RETRY_MS, idleMs = IDLE_MS } = options;
  const reference = `${repository.host}/${repository.path}`;
  const client = createClient(repository, idleMs, options.anonymous);

  /** One try. Undefined: not there. */
  function request(method: string, part: string): Promise<HttpAnswer | undefined> {
    return client.request(method, part, MANIFEST_MEDIA_TYPES.join(', '));
  }

  async function openOnce(blob: Blob): Promise<Readable> {
    const answer = await request('GET', `blobs/${blob.digest}`);
    if (!answer) throw new Error(`${reference} has no blob ${blob.digest}; publish its build again`);
    return verified(answer.body, reference, blob);
  }

  async function describeTag(tag: string): Promise<Descriptor | undefined> {
    const answer = await tryAgain(() => request('HEAD', `manifests/${tag}`), firstRetryMs);
    if (!answer) return undefined;
    answer.body.destroy();
    const found = Descriptor.safeParse({
      mediaType: answer.headers.get('content-type'),
      digest: answer.headers.get('docker-content-digest'),
      size: Number(answer.headers.get('content-length') ?? Number.NaN),
    });
    // These headers are optional by the specification; the manifest itself always tells.
    return found.success ? found.data : (await readText(tag))?.descriptor;
  }

  async function readText(tagOrDigest: string): Promise<ManifestText | undefined> {
    const where = `${reference} ${tagOrDigest}`;
    const bytes = await tryAgain(async () => {
      const answer = await request('GET', `manifests/${tagOrDigest}`);
      return answer && buffer(limit(answer.body, where));
    }, firstRetryMs);
    if (!bytes) return undefined;
    const found = describeManifest(bytes.toString('utf8'), where);
    if (Digest.safeParse(tagOrDigest).success && found.descriptor.digest !== tagOrDigest) {
      throw new Error(`${where}: expected the manifest of that digest, found ${found.descriptor.digest}`);
    }
    return found;
  }

  async function readManifest(tagOrDigest: string): Promise<RegistryManifest | undefined> {
    const found = await readText(tagOrDigest);
    return found && parseManifest(found.text, `${reference} ${tagOrDigest}`);
  }

  async function hasBlob(blob: Blob): Promise<boolean> {
    const answer = await tryAgain(() => request('HEAD', `blobs/${blob.digest}`), firstRetryMs);
    answer?.body.destroy();
    return answer !== undefined;
  }

  function openBlob(blob: Blob): Promise<Readable> {
    return tryAgain(() => openOnce(blob), firstRetryMs);
  }

  function readBlob(blob: Blob, limitBytes?: number): Promise<Buffer> {
    return tryAgain(() => readAll(() => openOnce(blob), blob, reference, limitBytes), firstRetryMs);
  }

  async function push(layout: string): Promise<void> {
    await restoreLayout(layout, repository, await client.transport(), firstRetryMs);
  }

  async function pointTag(tag: string, digest: Digest): Promise<void> {
    await tagManifest(repository, digest, tag, await client.transport(), firstRetryMs);
  }

  return { reference, describeTag, readText, readManifest, hasBlob, openBlob, readBlob, push, pointTag };
}

async function* limit(body: Readable, where: string): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_MANIFEST_BYTES) throw new Error(`${where}: the manifest is larger than 4 MiB`);
    yield bytes;
  }
}
