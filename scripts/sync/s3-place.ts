import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hexOf } from '../../site/schemas/digest.ts';
import { digestOf } from '../cli/digest.ts';
import { readLimited } from '../http/request.ts';
import type { LocalFile, Place, PlacedFile } from './place.ts';
import { sendToBucket, type S3Account } from './s3-client.ts';
import { contentType } from 'mime-types';
import { extname } from 'node:path';

/** A page of a list has at most 1000 keys of 1024 characters, each three when encoded. */
const LIST_LIMIT_BYTES = 8 * 2 ** 20;
/** The largest object that one request may write. Source: "Uploading objects", Amazon S3 User Guide. */
const PUT_LIMIT_BYTES = 5 * 2 ** 30;

/** Those that every XML has. */
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Takes an address apart; throws one sentence when it is none. */
export function parseS3Address(address: string): { bucket: string; prefix: string } {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/.exec(address) ?? [];
  if (bucket === undefined || /(?:^|\/)\.{1,2}(?:\/|$)|\/\/|[\u0000-\u001f]/.test(prefix))
    throw new Error(`--to: expected s3://BUCKET or s3://BUCKET/PREFIX, found "${address.slice(0, 200)}"`);
  const trimmed = prefix.replace(/\/+$/, '');
  return { bucket, prefix: trimmed === '' ? '' : `${trimmed}/` };
}

/** Opens a bucket, or what is below a prefix of it. Nothing is asked yet. */
export function openS3Place(address: string, account: S3Account): Place {
  const { bucket, prefix } = parseS3Address(address);
  const request = sendToBucket.bind(undefined, account, bucket);

  async function listPage(
    token: string | undefined,
  ): Promise<{ files: [string, PlacedFile][]; next?: string }> {
    const answer = await request({
      method: 'GET',
      key: '',
      query: {
        'list-type': '2',
        prefix,
        ...(token !== undefined && { 'continuation-token': token }),
      },
    });
    const text = (await readLimited(answer, LIST_LIMIT_BYTES)).toString();
    if (!text.includes('<ListBucketResult'))
      throw new Error(`${address}: expected a list of objects, found something else; check AWS_ENDPOINT_URL`);
    const files = text
      .split('<Contents>')
      .slice(1)
      .map((entry): [string, PlacedFile] => {
        // Not with `encoding-type`: hosts differ in whether "+" is a space then.
        const key = readElement(entry, 'Key') ?? '';
        const tag = /^[0-9a-f]{32}$/.exec((readElement(entry, 'ETag') ?? '').replaceAll('"', ''));
        return [key.slice(prefix.length), { size: Number(readElement(entry, 'Size')), md5: tag?.[0] }];
      });
    const next = readElement(text, 'NextContinuationToken');
    return { files, ...(next !== undefined && { next }) };
  }

  return {
    address,
    async list() {
      const files = new Map<string, PlacedFile>();
      let token: string | undefined;
      do {
        const page = await listPage(token);
        for (const [path, file] of page.files) files.set(path, file);
        token = page.next;
      } while (token !== undefined);
      return files;
    },
    async isSame({ file }, { md5 }) {
      return (
        md5 !== undefined &&
        md5 ===
          createHash('md5')
            .update(await readFile(file))
            .digest('hex')
      );
    },
    async put(local) {
      const { path, file, size } = local;
      if (size > PUT_LIMIT_BYTES)
        throw new Error(
          `${file}: expected at most 5 GiB, which is what S3 takes at once, found ${size} bytes; lower PAGES_BUDGET so that the registry alone has it`,
        );
      const answer = await request({
        method: 'PUT',
        key: prefix + path,
        // The host refuses other bytes than these.
        headers: { ...headersOf(path), 'x-amz-content-sha256': await sha256Of(local) },
        body: await openAsBlob(file),
      });
      answer.body.destroy();
    },
    async remove(path) {
      (await request({ method: 'DELETE', key: prefix + path })).body.destroy();
    },
  };
}

async function sha256Of({ file, digest }: LocalFile): Promise<string> {
  return hexOf(digest ?? digestOf(await readFile(file)));
}

function readElement(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replaceAll(
    /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g,
    (entity, decimal, hex, word: string = '') =>
      decimal || hex
        ? String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(String(hex), 16))
        : (ENTITIES[word] ?? String(entity)),
  );
}

/** What a host should say of a file. */
interface FileHeaders {
  'content-type': string;
  'cache-control': string;
}

/** Blobs and what Astro names for its content never change. */
const UNCHANGING = /^(?:blobs|_astro)\//;

/** The type by the ending, as GitHub Pages says it, and for how long clients may keep a file: elsewhere 10 minutes, too. */
export function headersOf(path: string): FileHeaders {
  const ending = extname(path);
  return {
    'content-type': (ending !== '' && contentType(ending)) || 'application/octet-stream',
    'cache-control': UNCHANGING.test(path) ? 'public, max-age=31536000, immutable' : 'public, max-age=600',
  };
}
