import { AwsV4Signer } from 'aws4fetch';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { firstLine, TemporaryError } from '../http/errors.ts';
import { readErrorText, send, type HttpAnswer } from '../http/request.ts';
import { isTemporaryAnswer, readRetryAfter, retry } from '../http/retry.ts';

const IDLE_MS = 60_000;
/** The answer to an upload comes when all is there: 100 kB a second are waited for. */
const UPLOAD_BYTES_PER_MS = 100;

/** Where and as whom requests are sent. */
export interface S3Account {
  /** `https://s3.eu-central-1.amazonaws.com`, or that of MinIO, R2 … */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A request to a bucket. */
export interface S3Request {
  method: 'GET' | 'PUT' | 'DELETE';
  /** Key of an object; empty for the bucket itself. */
  key: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Blob;
}

/** Reads the variables that all tools for S3 know. Throws one sentence when there is no login. */
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
 * Sends a signed request to a bucket, again where that may help.
 * @returns the answer of a success, whose body must be read or destroyed
 */
export function sendToBucket(account: S3Account, bucket: string, request: S3Request): Promise<HttpAnswer> {
  const { endpoint, ...identity } = account;
  const { method, key, query = {}, headers = {}, body } = request;
  const path = [bucket, ...key.split('/')].map(encodeURIComponent).join('/');
  const search = new URLSearchParams(query).toString();
  const url = `${endpoint}/${path}${search && `?${search}`}`;
  return retry(async () => {
    // A signature is good for some minutes, so each try gets its own.
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
  const read = (element: string): string | undefined =>
    new RegExp(`<${element}>([^<]{1,200})</${element}>`).exec(text)?.[1];
  const region = headers.get('x-amz-bucket-region') ?? read('Region');
  const reason = read('Code') === undefined ? firstLine(text) : `${read('Code')}: ${read('Message') ?? ''}`;
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
