import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { withProgress } from '../cli/progress.ts';
import { withoutSecrets, type Credentials } from './credentials.ts';
import { readIndex } from './layout.ts';
import { isErrorCode } from '../cli/files.ts';
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

/** Pushes every tag of a layout with ORAS. Retries when busy, since ORAS gives up on some 429 and 403. */
export async function restoreLayout(
  layout: string,
  repository: RemoteReference,
  transport: 'https' | 'http',
): Promise<void> {
  const tags = await readIndex(layout);
  if (!tags) throw new Error(`${layout}: expected an OCI image layout, found no index.json`);
  if (tags.length === 0) return;
  const target = `${repository.host}/${repository.path}`;
  const plain = `--plain-http=${transport === 'http'}`;
  const args = ['restore', '--exclude-referrers', '--no-tty', plain, '--input', layout, target];
  await runUntilDone(repository, args, { images: tags.length });
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
  { images = 0, input = '' } = {},
): Promise<void> {
  const onRetry = () => console.error(`  ${repository.host} is busy: trying the rest again`);
  await retry(
    async () => {
      const { code, lastLines } = await runOras(args, images, input);
      if (code !== 0) throw describeFailure(repository, lastLines);
    },
    { firstRetrySeconds: FIRST_RETRY_S, onRetry },
  );
}

async function runOras(
  args: string[],
  images: number,
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
  const code = await withProgress('pushing', images > 1 ? images : 0, 'images', (progress) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('Pushed tag ')) progress.advance();
    });
    return ended;
  });
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
