import { spawn } from 'node:child_process';
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
    for (const pushes of dividePushes(await findLevels(layout, index)))
      // All run to their end, so that none goes on after an error was reported.
      await pMap(pushes, push, { concurrency: PUSHES_AT_ONCE, stopOnError: false }).catch(
        (error: unknown) => {
          throw error instanceof AggregateError ? error.errors[0] : error;
        },
      );
  });
}

/**
 * Divides the tags of a layout into levels, which are pushed one after another. Each blob that two images of
 * one level need came with an earlier one: two pushes at the same time would send it twice, and Distribution
 * does not find it for a moment when the second ends. The first level is one image, since its push creates
 * the repository.
 */
async function findLevels(layout: string, index: readonly Descriptor[]): Promise<string[][]> {
  const images = await pMap(
    index.filter((image) => tagOf(image) !== undefined),
    async (image) => ({ tag: tagOf(image) ?? '', blobs: await blobsOf(layout, image) }),
    { concurrency: PUSHES_AT_ONCE },
  );
  // An image has the layers of its dependencies, too: those come first.
  images.sort((a, b) => a.blobs.length - b.blobs.length);
  const levels: string[][] = [];
  const sentAt = new Map<Digest, number>();
  for (const { tag, blobs } of images) {
    const level = Math.max(levels.length === 0 ? 0 : 1, ...blobs.map((blob) => (sentAt.get(blob) ?? -1) + 1));
    for (const blob of blobs) if (!sentAt.has(blob)) sentAt.set(blob, level);
    (levels[level] ??= []).push(tag);
  }
  return levels;
}

/** Divides each level over pushes at the same time. Levels that are one push each are one together. */
function dividePushes(levels: readonly string[][]): string[][][] {
  const divided: string[][][] = [];
  for (const level of levels) {
    const count = Math.max(
      Math.min(PUSHES_AT_ONCE, level.length >> 1),
      Math.ceil(level.length / TAGS_A_PUSH),
    );
    const last = divided.at(-1);
    const [only] = last?.length === 1 ? last : [];
    if (count === 1 && only && only.length + level.length <= TAGS_A_PUSH) only.push(...level);
    else
      divided.push(
        Array.from({ length: count }, (_, push) => level.filter((_tag, at) => at % count === push)),
      );
  }
  return divided;
}

/** Digests of an image's config and layers; none for an index. */
async function blobsOf(layout: string, { mediaType, digest }: Descriptor): Promise<Digest[]> {
  if (mediaType !== IMAGE_MANIFEST_MEDIA_TYPE) return [];
  const file = blobPath(layout, digest);
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  if (text === undefined) return [];
  const { config, layers } = parseImageManifest(text, file).manifest;
  return [config, ...layers].map((blob) => blob.digest);
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
