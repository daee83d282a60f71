import { createWriteStream, mkdirSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { join, dirname } from 'node:path';
import { z } from 'zod';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { ConnectionError, TemporaryError, isTemporaryAnswer, readRetryAfter, retry } from '../http/retry.ts';
import { readErrorText, send, type HttpAnswer } from '../http/request.ts';
import { openGitHub } from './api.ts';
import { isErrorCode } from '../cli/files.ts';
import { Digest } from '../../site/schemas/digest.ts';
import { saveStream } from '../cli/digest.ts';
import { BadArchiveError } from './errors.ts';

/** Maximum page size of GitHub's lists. */
const PER_PAGE = 100;
/** Maximum number of pages of a run's artifacts: more than 256 build jobs in 20 attempts. */
const MAX_PAGES = 100;
/** Longest wait for the next byte of a download, in milliseconds. */
const IDLE_MS = 60_000;
/** Longest wait before another try: GitHub's limit of requests is for an hour. */
const MAX_WAIT_S = 3_600;

/**
 * An artifact of this workflow run, of any attempt. Source: GitHub's OpenAPI description, "Get an artifact".
 */
const RunArtifact = z.object({
  /** Increases with time. */
  id: z.int(),
  name: z.string(),
  /** Size of its zip. */
  size_in_bytes: z.int().nonnegative(),
  expired: z.boolean(),
  /** Digest of its zip; GitHub omits it for artifacts of old actions. */
  digest: Digest.nullish(),
});
export type RunArtifact = z.infer<typeof RunArtifact>;

const Listing = z.object({ total_count: z.int().nonnegative(), artifacts: z.array(RunArtifact) });

/**
 * Lists the artifacts of the run in `GITHUB_RUN_ID`, oldest first, without expired ones. There is at least
 * one, since the plans are an artifact, too. The token needs `actions: read`.
 */
export async function listRunArtifacts(environment: ProcessEnvironment): Promise<RunArtifact[]> {
  const run = environment['GITHUB_RUN_ID'] ?? '';
  if (!/^\d+$/.test(run)) throw new Error(`expected GITHUB_RUN_ID to be the number of a run, found "${run}"`);
  const github = openGitHub(environment, { isPatient: true });
  const route = 'GET /repos/{owner}/{repo}/actions/runs/{run}/artifacts';
  const artifacts: RunArtifact[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { artifacts: listed } = await github.call(route, { run, per_page: PER_PAGE, page }, Listing);
    artifacts.push(...listed);
    if (listed.length < PER_PAGE) break;
  }
  if (artifacts.length === 0)
    throw new Error(`GitHub lists no artifact of run ${run}, expected its plans; run this job again later`);
  return artifacts.filter(({ expired }) => !expired).sort((a, b) => a.id - b.id);
}

/**
 * Downloads an artifact's zip into a file, as a stream, and checks its digest. Retries after errors. GitHub
 * redirects to its storage, which refuses a request with the token and must not get it. Errors never contain
 * the address of the storage, since it grants access.
 */
export async function downloadRunArtifact(
  artifact: RunArtifact,
  file: string,
  environment: ProcessEnvironment,
): Promise<void> {
  const what = `artifact ${artifact.name}`;
  const onRetry = ({ message }: Error): void => console.error(`${message}; trying again`);
  try {
    const patience = { firstRetrySeconds: 1, onRetry, maxRetryAfterSeconds: MAX_WAIT_S };
    await retry(() => download(artifact, file, environment), patience);
  } catch (cause) {
    throw cause instanceof ConnectionError ? new Error(`${what}: cannot be downloaded`, { cause }) : cause;
  }
}

async function download(
  { id, name, digest: listed }: RunArtifact,
  file: string,
  environment: ProcessEnvironment,
): Promise<void> {
  const { GITHUB_API_URL: api = 'https://api.github.com', GITHUB_REPOSITORY, GITHUB_TOKEN } = environment;
  const answer = await send(`${api}/repos/${GITHUB_REPOSITORY}/actions/artifacts/${id}/zip`, {
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${GITHUB_TOKEN}`,
      'user-agent': 'spack-build-cache',
    },
    idleMs: IDLE_MS,
  });
  if (answer.status !== 200) throw await refusalOf(answer, `artifact ${name}`);
  const { digest } = await saveStream(answer.body, file);
  if (listed && digest !== listed)
    throw new TemporaryError(
      `artifact ${name}: expected ${listed}, as GitHub lists it, downloaded ${digest}`,
    );
}

/** Advice by the status of an answer without an artifact. */
const ADVICE: Record<number, string> = {
  403: '; the job needs "permissions: actions: read"',
  410: '; it has expired, run the workflow again',
};

async function refusalOf(answer: HttpAnswer, what: string): Promise<Error> {
  const { status, headers, url } = answer;
  const text = (await readErrorText(answer)).slice(0, 300);
  const message = `${what}: ${url.host} answered ${status}${ADVICE[status] ?? ''}: ${text}`;
  if (!isTemporaryAnswer(status, text)) return new Error(message);
  return new TemporaryError(message, { retryAfterMs: readRetryAfter(headers, text) });
}

/** Limits for the unpacked content of an archive. */
interface ZipLimits {
  files: number;
  /** Total bytes of all files, unpacked. */
  bytes: number;
}

const FILE_TYPE = 0o17_0000;
const REGULAR_FILE = 0o10_0000;

/**
 * Unpacks an untrusted zip into an existing folder: plain files with mode 644, none twice, none outside the
 * folder. Leaves out folders without files. Throws `BadArchiveError` for anything else, and a system error
 * when this machine is at fault.
 */
export async function unpackZip(file: string, folder: string, limits: ZipLimits): Promise<void> {
  let zip: ZipFile;
  try {
    zip = await openPromise(file, { strictFileNames: true });
  } catch (error) {
    throw explain(error);
  }
  try {
    if (zip.entryCount > limits.files)
      throw new BadArchiveError(`expected at most ${limits.files} files, found ${zip.entryCount} entries`);
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      bytes += entry.uncompressedSize;
      if (bytes > limits.bytes)
        throw new BadArchiveError(`expected at most ${limits.bytes} bytes when unpacked, found more`);
      if (!entry.fileName.endsWith('/')) await unpackEntry(zip, entry, folder);
    }
  } catch (error) {
    throw explain(error);
  } finally {
    zip.close();
  }
}

async function unpackEntry(zip: ZipFile, entry: Entry, folder: string): Promise<void> {
  const name = JSON.stringify(entry.fileName.slice(0, 300));
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  // 0 means that the archive was written on a system without file types.
  if (type !== 0 && type !== REGULAR_FILE)
    throw new BadArchiveError(`${name}: expected a plain file, found a link or a special file`);
  if (entry.isEncrypted())
    throw new BadArchiveError(`${name}: expected a plain file, found an encrypted one`);
  const target = join(folder, entry.fileName);
  try {
    mkdirSync(dirname(target), { recursive: true });
    await pipeline(
      await zip.openReadStreamPromise(entry),
      createWriteStream(target, { flags: 'wx', mode: 0o644 }),
    );
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR', 'EISDIR'].some((code) => isErrorCode(error, code))) throw error;
    throw new BadArchiveError(`${name}: expected each path once, found it as another file or folder already`);
  }
}

/** Leaves errors of this machine unchanged: a full disk is not the archive's fault. */
function explain(error: unknown): unknown {
  if (error instanceof BadArchiveError) return error;
  const isSystems = error instanceof Error && 'syscall' in error && !isErrorCode(error, 'ENAMETOOLONG');
  if (isSystems) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new BadArchiveError(`expected a zip archive of plain files: ${reason.slice(0, 300)}`);
}
