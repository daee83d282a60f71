import { hash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { contentType } from 'mime-types';
import { AwsV4Signer } from 'aws4fetch';
import { hexOf } from '../../site/schemas/digest.ts';
import { digestOf } from '../cli/digest.ts';
import { readLimited, readErrorText, send, type HttpAnswer } from '../http/request.ts';
import type { LocalFile, Place, PlacedFile } from './place.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { firstLine, TemporaryError, isTemporaryAnswer, readRetryAfter, retry } from '../http/retry.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** A page of a list has at most 1000 keys of 1024 characters, which take three bytes each when encoded. */
const LIST_LIMIT_BYTES = 8 * 2 ** 20;
/** The largest object that one request may write. Source: "Uploading objects", Amazon S3 User Guide. */
const PUT_LIMIT_BYTES = 5 * 2 ** 30;

/** Predefined entities of XML. */
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Parses an address; throws one sentence when it is invalid. */
export function parseS3Address(address: string): { bucket: string; prefix: string } {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/.exec(address) ?? [];
  if (bucket === undefined || /(?:^|\/)\.{1,2}(?:\/|$)|\/\/|[\u0000-\u001f]/.test(prefix))
    throw new Error(`--to: expected s3://BUCKET or s3://BUCKET/PREFIX, found "${address.slice(0, 200)}"`);
  const trimmed = prefix.replace(/\/+$/, '');
  return { bucket, prefix: trimmed === '' ? '' : `${trimmed}/` };
}

/** Opens a bucket, or a prefix in it, without sending a request yet. */
export function openS3Place(address: string, account: S3Account): Place {
  const { bucket, prefix } = parseS3Address(address);
  const request = sendToBucket.bind(undefined, account, bucket);

  async function readPage(token: string | undefined): Promise<string> {
    const next = token !== undefined && { 'continuation-token': token };
    const query = { 'list-type': '2', prefix, ...next };
    const answer = await request({ method: 'GET', key: '', query });
    const text = (await readLimited(answer, LIST_LIMIT_BYTES)).toString();
    if (text.includes('<ListBucketResult')) return text;
    throw new Error(`${address}: expected a list of objects, found something else; check AWS_ENDPOINT_URL`);
  }

  return {
    address,
    mostBytes: PUT_LIMIT_BYTES,
    async list() {
      const files = new Map<string, PlacedFile>();
      let token: string | undefined;
      do {
        const page = await readPage(token);
        for (const [key, file] of readObjects(page)) files.set(key.slice(prefix.length), file);
        const next = readElement(page, 'NextContinuationToken');
        if (next !== undefined && next === token)
          throw new Error(`${address}: expected the next page of the list, found the same again`);
        token = next;
      } while (token !== undefined);
      return files;
    },
    async isSame({ file }, { md5 }) {
      return md5 !== undefined && md5 === hash('md5', await readFile(file));
    },
    async put(local) {
      const { path, file } = local;
      const answer = await request({
        method: 'PUT',
        key: prefix + path,
        // The host refuses any other bytes.
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

/** The objects of a page of a list, keyed by their keys in the bucket. */
function readObjects(page: string): [string, PlacedFile][] {
  const [, ...entries] = page.split('<Contents>');
  return entries.map((entry) => {
    // `encoding-type` is not used: hosts differ in whether it encodes a space as "+".
    const key = readElement(entry, 'Key') ?? '';
    const tag = /^[0-9a-f]{32}$/.exec((readElement(entry, 'ETag') ?? '').replaceAll('"', ''));
    return [key, { size: Number(readElement(entry, 'Size')), md5: tag?.[0] }];
  });
}

function readElement(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replaceAll(
    /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g,
    (entity, decimal, hex, word: string = '') =>
      decimal || hex
        ? String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(String(hex), 16))
        : (ownValue(ENTITIES, word) ?? String(entity)),
  );
}

interface FileHeaders {
  'content-type': string;
  'cache-control': string;
}

/** Blobs, and files that Astro names after their content, never change. */
const UNCHANGING = /^(?:blobs|assets)\//;

/** Content type by extension, and caching time (10 minutes for files that may change), as on GitHub Pages. */
export function headersOf(path: string): FileHeaders {
  const ending = extname(path);
  return {
    'content-type': (ending !== '' && contentType(ending)) || 'application/octet-stream',
    'cache-control': UNCHANGING.test(path) ? 'public, max-age=31536000, immutable' : 'public, max-age=600',
  };
}

const IDLE_MS = 60_000;
/** Slowest upload that is waited for, 100 kB per second: the host responds only after the whole upload. */
const UPLOAD_BYTES_PER_MS = 100;

/** Endpoint and login for requests. */
export interface S3Account {
  /** Address such as `https://s3.eu-central-1.amazonaws.com`, or that of MinIO, R2 … */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

interface S3Request {
  method: 'GET' | 'PUT' | 'DELETE';
  /** Key of an object; empty for the bucket itself. */
  key: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Blob;
}

/** Reads the standard variables of S3 tools. Throws one sentence when there is no login. */
export function readAccount(environment: ProcessEnvironment): S3Account {
  const read = (name: string): string | undefined => environment[name] || undefined;
  const accessKeyId = read('AWS_ACCESS_KEY_ID');
  const secretAccessKey = read('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error(
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: expected the login of the bucket, found none; set both, and ' +
        'AWS_ENDPOINT_URL for a host other than AWS',
    );
  const sessionToken = read('AWS_SESSION_TOKEN');
  const region = read('AWS_REGION') ?? read('AWS_DEFAULT_REGION') ?? 'us-east-1';
  const endpoint =
    read('AWS_ENDPOINT_URL_S3') ?? read('AWS_ENDPOINT_URL') ?? `https://s3.${region}.amazonaws.com`;
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    throw new Error(
      `AWS_ENDPOINT_URL: expected an address such as https://minio.example.org, found "${endpoint}"`,
    );
  return {
    endpoint: endpoint.replace(/\/+$/, ''),
    region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

/**
 * Sends a signed request to a bucket, with retries if they may help.
 * @returns the successful response, whose body must be read or destroyed
 */
export function sendToBucket(account: S3Account, bucket: string, request: S3Request): Promise<HttpAnswer> {
  const { endpoint, ...identity } = account;
  const { method, key, query = {}, headers = {}, body } = request;
  const path = [bucket, ...key.split('/')].map(encodeURIComponent).join('/');
  const search = new URLSearchParams(query).toString();
  const url = `${endpoint}/${path}${search && `?${search}`}`;
  return retry(async () => {
    // A signature is valid for a few minutes, so each attempt gets its own.
    const signer = new AwsV4Signer({ ...identity, service: 's3', method, url, headers });
    const signed = await signer.sign();
    const answer = await send(url, {
      method,
      headers: Object.fromEntries(signed.headers),
      ...(body && { body }),
      idleMs: IDLE_MS + (body?.size ?? 0) / UPLOAD_BYTES_PER_MS,
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await describeRefusal(answer, `s3://${bucket}/${key}`, method);
  });
}

async function describeRefusal(answer: HttpAnswer, where: string, method: string): Promise<Error> {
  const { status, headers } = answer;
  const text = await readErrorText(answer);
  answer.body.destroy();
  const region = headers.get('x-amz-bucket-region') ?? readElement(text, 'Region');
  const code = readElement(text, 'Code');
  const words = code === undefined ? text : `${code}: ${readElement(text, 'Message') ?? ''}`;
  const reason = firstLine(words);
  const message = `${where}: ${method} was refused with status ${status} (${reason})`;
  if (isTemporaryAnswer(status, text))
    return new TemporaryError(message, { retryAfterMs: readRetryAfter(headers, text) });
  const advice =
    status === 301 || status === 307 || status === 400
      ? `check AWS_REGION${region === undefined ? '' : `, which is ${region} for this bucket,`} and AWS_ENDPOINT_URL`
      : status === 404
        ? 'check the name of the bucket'
        : 'check the login, which needs s3:ListBucket, s3:PutObject and s3:DeleteObject';
  return new Error(`${message}; ${advice}`);
}
