import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import pMap from 'p-map';
import type { Digest } from '../../site/schemas/digest.ts';
import { IMAGE_MANIFEST_MEDIA_TYPE, type Descriptor } from '../../site/schemas/image-manifest.ts';
import { withProgress } from '../cli/progress.ts';
import { withoutSecrets, type Credentials } from './credentials.ts';
import { blobPath, readIndex, tagOf } from './layout.ts';
import { parseImageManifest } from './manifest.ts';
import { ignoreMissing, isErrorCode } from '../cli/files.ts';
import type { RemoteReference } from './registry.ts';
import { isTemporaryAnswer, retry, TemporaryError } from '../http/retry.ts';
import { RegistryRefusedError } from './errors.ts';
import { ORAS_VERSION } from './install-oras.ts';
import { isGitHubRegistry } from './github-registry.ts';
import { RegistryClient } from './registry-client.ts';

/** Seconds. A push may wait longer than a read: sent blobs stay sent, so each further run has less to do. */
const FIRST_RETRY_S = 2;

/** A login is one or two small requests. */
const LOGIN_IDLE_MS = 20_000;

/** Number of lines of ORAS's output that an error quotes. */
const LAST_LINES = 5;

const HOW_TO_GET_ORAS = `install ORAS with "node scripts/install-oras.ts", or set ORAS to a program of version ${ORAS_VERSION} or newer`;

/** The specification's error codes as ORAS prints them, and GitHub's 403 for too many requests. */
const BUSY_WORDS =
  /toomanyrequests|too many requests|secondary rate limit|registry: (?:unavailable|unknown): /i;
const BROKEN_WORDS = /connection reset|broken pipe|EOF|timeout|server closed/i;

/** Source: "Working with the Container registry", Troubleshooting, in GitHub's documentation. */
const GITHUB_LIMITS = 'GitHub takes layers of at most 10 GB, and ends an upload after 10 minutes';

/** ORAS pushes one image after another, and most of that time it waits for responses. */
const PUSHES_AT_ONCE = 8;
/** Fewer images are one push. */
const FEW_IMAGES = 16;
/** Two pushes that need the same blob at the same time both send it, which costs little for small blobs. */
const LARGE_BLOB_BYTES = 16 * 2 ** 20;
/** Tags are one argument of a program: Linux limits it to 128 KiB, OCI a tag to 128 characters. */
const TAGS_A_PUSH = 500;

/** Pushes every tag of a layout with ORAS. Retries when busy, since ORAS gives up on some 429 and 403. */
export async function restoreLayout(
  layout: string,
  repository: RemoteReference,
  transport: 'https' | 'http',
): Promise<void> {
  const index = await readIndex(layout);
  if (!index) throw new Error(`${layout}: expected an OCI image layout, found no index.json`);
  const tags = index.flatMap((image) => tagOf(image) ?? []);
  if (tags.length === 0) return;
  const target = `${repository.host}/${repository.path}`;
  const plain = `--plain-http=${transport === 'http'}`;
  const args = ['restore', '--exclude-referrers', '--no-tty', plain, '--input', layout];
  const left = new Set(tags);
  await withProgress('pushing', tags.length > 1 ? tags.length : 0, 'images', async (progress) => {
    const onLine = (line: string): void => {
      const tag = /^Pushed tag (\S+)/.exec(line)?.[1];
      if (tag !== undefined && left.delete(tag)) progress.advance();
    };
    const push = (some: readonly string[]) =>
      runUntilDone(repository, [...args, `${target}:${some.join(',')}`], { onLine });
    const { first, together } = await dividePush(layout, index);
    for (const some of first) await push(some);
    // All pushes run to their end, so that none goes on after an error was reported.
    await pMap(together, push, { concurrency: PUSHES_AT_ONCE, stopOnError: false }).catch(
      (error: unknown) => {
        throw error instanceof AggregateError ? error.errors[0] : error;
      },
    );
  });
}

/**
 * Divides the tags of a layout: those to push one after another, and then those to push at the same time.
 * The former are the smallest image, which creates the repository, and each that brings a large blob.
 */
async function dividePush(
  layout: string,
  index: readonly Descriptor[],
): Promise<{ first: string[][]; together: string[][] }> {
  const images = await pMap(
    index.filter((image) => tagOf(image) !== undefined),
    async (image) => ({ tag: tagOf(image) ?? '', layers: await layersOf(layout, image) }),
    { concurrency: PUSHES_AT_ONCE },
  );
  if (images.length < FEW_IMAGES) return { first: [images.map(({ tag }) => tag)], together: [] };
  // An image has the layers of its dependencies, too: those come first.
  images.sort((a, b) => a.layers.length - b.layers.length);
  const sent = new Set<Digest>();
  const [alone, others]: [string[], string[]] = [[], []];
  for (const { tag, layers } of images) {
    const large = layers.filter(
      ({ digest, size }) =>
        size >= LARGE_BLOB_BYTES && !sent.has(digest) && existsSync(blobPath(layout, digest)),
    );
    for (const { digest } of large) sent.add(digest);
    (alone.length === 0 || large.length > 0 ? alone : others).push(tag);
  }
  const shares = Math.max(PUSHES_AT_ONCE, Math.ceil(others.length / TAGS_A_PUSH));
  const together = Array.from({ length: shares }, (_, share) =>
    others.filter((_tag, place) => place % shares === share),
  ).filter(({ length }) => length > 0);
  const first = Array.from({ length: Math.ceil(alone.length / TAGS_A_PUSH) }, (_, part) =>
    alone.slice(part * TAGS_A_PUSH, (part + 1) * TAGS_A_PUSH),
  );
  return { first, together };
}

async function layersOf(layout: string, { mediaType, digest }: Descriptor): Promise<Descriptor[]> {
  if (mediaType !== IMAGE_MANIFEST_MEDIA_TYPE) return [];
  const file = blobPath(layout, digest);
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  return text === undefined ? [] : parseImageManifest(text, file).manifest.layers;
}

/** Points a tag to a manifest in the repository. */
export async function tagManifest(
  repository: RemoteReference,
  digest: string,
  tag: string,
  transport: 'https' | 'http',
): Promise<void> {
  const source = `${repository.host}/${repository.path}@${digest}`;
  const args = ['tag', `--plain-http=${transport === 'http'}`, source, tag];
  await runUntilDone(repository, args);
}

/** Logs in to a repository's registry; the password is passed through standard input. */
export async function logIntoRegistry(
  repository: RemoteReference,
  { username, password }: Pick<Credentials, 'username' | 'password'>,
): Promise<void> {
  const transport = await new RegistryClient(repository, { idleMs: LOGIN_IDLE_MS }).transport();
  const plain = `--plain-http=${transport === 'http'}`;
  const args = ['login', plain, '--username', username, '--password-stdin', repository.host];
  await runUntilDone(repository, args, { input: password });
}

/** Runs ORAS, again when that may help; throws with the reason when it fails. */
async function runUntilDone(
  repository: RemoteReference,
  args: string[],
  { onLine = (_line: string): void => undefined, input = '' } = {},
): Promise<void> {
  const onRetry = () => console.error(`  ${repository.host} is busy: trying the rest again`);
  await retry(
    async () => {
      const { code, lastLines } = await runOras(args, onLine, input);
      if (code !== 0) throw describeFailure(repository, lastLines);
    },
    { firstRetrySeconds: FIRST_RETRY_S, onRetry },
  );
}

async function runOras(
  args: string[],
  onLine: (line: string) => void,
  input: string,
): Promise<{ code: number; lastLines: string }> {
  const env = withoutSecrets(process.env);
  const child = spawn(process.env['ORAS'] || 'oras', args, { env, stdio: 'pipe' });
  child.stdin.on('error', () => undefined).end(input);
  const lines: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (error) => {
      reject(
        isErrorCode(error, 'ENOENT') ? new Error(`oras was not found on PATH: ${HOW_TO_GET_ORAS}`) : error,
      );
    });
    child.on('close', (exitCode, signal) => {
      if (signal) lines.push(`stopped by ${signal}`);
      resolve(exitCode ?? 1);
    });
  });
  createInterface(child.stdout).on('line', onLine);
  const code = await ended;
  return { code, lastLines: lines.join('\n') };
}

/** Derives from ORAS's output what failed and whether a retry may help. */
function describeFailure(repository: RemoteReference, lastLines: string): Error {
  const { host, path } = repository;
  if (/unknown command "restore"/.test(lastLines)) {
    return new Error(`oras is too old to push a layout: ${HOW_TO_GET_ORAS}`);
  }
  // ORAS prints the status only when the response has no error code.
  const status = Number(/status code (\d{3})/.exec(lastLines)?.[1] ?? 0);
  const busy = isTemporaryAnswer(status, lastLines) || BUSY_WORDS.test(lastLines);
  const limits = isGitHubRegistry(host) ? ` (${GITHUB_LIMITS})` : '';
  if (BROKEN_WORDS.test(lastLines))
    return new TemporaryError(`pushing to ${host}/${path} failed: ${lastLines}${limits}`);
  if (busy) return new TemporaryError(`pushing to ${host}/${path} failed: ${lastLines}`);
  if (/connection refused/.test(lastLines)) {
    return new Error(`${host} refuses connections: is it running?`);
  }
  if (/credential not found/.test(lastLines)) return new RegistryRefusedError(repository, 401, false);
  const words = /(?:denied|unauthorized): (.*)/i.exec(lastLines)?.[1]?.trim();
  if (status === 401 || /unauthorized: /i.test(lastLines))
    return new RegistryRefusedError(repository, 401, true, words);
  if (status === 403 || /denied: /i.test(lastLines))
    return new RegistryRefusedError(repository, 403, true, words);
  return new Error(`pushing to ${host}/${path} failed: ${lastLines}${limits}`);
}
