import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import pRetry, { AbortError } from 'p-retry';
import { z } from 'zod';
import { openGitHub } from './api.ts';

/** Largest page that GitHub lists. */
const PER_PAGE = 100;
/** Artifacts of a run that are looked at: 256 build jobs in 20 attempts, with room. */
const MAX_PAGES = 100;
const RETRIES = 4;
/** Longest time for the headers of a download, in milliseconds. */
const ANSWER_MS = 60_000;
/** Longest pause within a download, in milliseconds. */
const PAUSE_MS = 60_000;

/** An artifact of this workflow run, of any of its attempts. */
export interface RunArtifact {
  /** Rises with time. */
  id: number;
  name: string;
  /** Size of its zip. */
  bytes: number;
  /** `sha256:<hex>` of its zip; GitHub leaves it out for artifacts of old actions. */
  digest?: string | undefined;
}

type Environment = Record<string, string | undefined>;

/** Source: GitHub's OpenAPI description, "List workflow run artifacts". */
const Listing = z.object({
  total_count: z.int().nonnegative(),
  artifacts: z.array(
    z.object({
      id: z.int(),
      name: z.string(),
      size_in_bytes: z.int().nonnegative(),
      expired: z.boolean(),
      digest: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/)
        .nullish(),
    }),
  ),
});

/**
 * Lists the artifacts of the run that `GITHUB_RUN_ID` names, oldest first, without those that have expired.
 * The token needs `actions: read`.
 */
export async function listRunArtifacts(
  environment: Environment,
  { firstRetryMs = 1_000 } = {},
): Promise<RunArtifact[]> {
  const run = environment['GITHUB_RUN_ID'] ?? '';
  if (!/^\d+$/.test(run)) throw new Error(`expected GITHUB_RUN_ID to be the number of a run, found "${run}"`);
  const github = openGitHub(environment, { secondMs: firstRetryMs });
  const route = 'GET /repos/{owner}/{repo}/actions/runs/{run}/artifacts';
  const artifacts: RunArtifact[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { artifacts: listed } = await github.call(route, { run, per_page: PER_PAGE, page }, Listing);
    for (const { id, name, size_in_bytes: bytes, digest, expired } of listed)
      if (!expired) artifacts.push({ id, name, bytes, digest: digest ?? undefined });
    if (listed.length < PER_PAGE) break;
  }
  return artifacts.sort((a, b) => a.id - b.id);
}

/**
 * Downloads an artifact's zip into a file, as a stream, and compares its digest. Tries again when that fails.
 * GitHub redirects to its storage, which refuses a request with the token, and must not get it.
 */
export async function downloadRunArtifact(
  artifact: RunArtifact,
  file: string,
  environment: Environment,
  { firstRetryMs = 1_000 } = {},
): Promise<void> {
  await pRetry(() => download(artifact, file, environment), {
    retries: RETRIES,
    minTimeout: firstRetryMs,
    randomize: true,
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0) console.error(`${error.message}; trying again`);
    },
  });
}

async function download(artifact: RunArtifact, file: string, environment: Environment): Promise<void> {
  const { GITHUB_API_URL: api = 'https://api.github.com', GITHUB_REPOSITORY, GITHUB_TOKEN } = environment;
  const what = `artifact ${artifact.name}`;
  const url = `${api}/repos/${GITHUB_REPOSITORY}/actions/artifacts/${artifact.id}/zip`;
  const answer = await request(url, what, {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${GITHUB_TOKEN}`,
    'user-agent': 'spack-build-cache',
  });
  const location = answer.headers.get('location');
  await answer.body?.cancel();
  if (answer.status !== 302 || location === null)
    throw new Error(`${what}: expected GitHub to redirect to its storage, found status ${answer.status}`);
  const stored = await request(new URL(location, url).href, what, {});
  if (!stored.body) throw new Error(`${what}: the storage answered without a body`);
  const hash = createHash('sha256');
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), PAUSE_MS);
  async function* measure(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), PAUSE_MS);
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(measure(stored.body), createWriteStream(file), { signal: stalled.signal });
  } catch (cause) {
    const reason = stalled.signal.aborted ? `nothing came for ${PAUSE_MS / 1_000} seconds` : String(cause);
    throw new Error(`${what}: the download broke off: ${reason}`, { cause });
  } finally {
    clearTimeout(timer);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (artifact.digest !== undefined && digest !== artifact.digest)
    throw new Error(`${what}: expected ${artifact.digest}, as GitHub lists it, downloaded ${digest}`);
}

/** Errors that may pass are thrown as they are, others as `AbortError`. Never puts the address of the storage into an error: it grants access. */
async function request(url: string, what: string, headers: Record<string, string>): Promise<Response> {
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), ANSWER_MS);
  let response: Response;
  try {
    response = await fetch(url, { headers, redirect: 'manual', signal: aborter.signal });
  } catch (cause) {
    throw new Error(`${what}: ${new URL(url).host} cannot be reached`, { cause });
  } finally {
    clearTimeout(timer);
  }
  const { status } = response;
  if (response.ok || status === 302) return response;
  const text = (await response.text()).slice(0, 300);
  const isPassing = [408, 429].includes(status) || status >= 500 || /rate limit/i.test(text);
  const advice =
    { 403: '; the job needs "permissions: actions: read"', 410: '; it has expired, run the workflow again' }[
      status
    ] ?? '';
  const error = new Error(`${what}: ${new URL(url).host} answered ${status}${advice}: ${text}`);
  throw isPassing ? error : new AbortError(error);
}
