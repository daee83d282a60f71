import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isoSeconds } from '../../site/lib/format.ts';
import { GitVersion } from '../../site/schemas/build-cache-settings.ts';
import { TemporaryError, retry } from '../http/retry.ts';

const execute = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
/** The tags of spack-packages take about 100 kB. */
const MAX_OUTPUT_BYTES = 2 ** 26;
/** Errors of git for a missing tag, commit or repository. */
const ABSENT =
  /couldn't find remote ref|not our ref|repository '.*' not found|does not appear to be a git repository/i;

/** Retries and time limit for requests to another host. */
export interface Patience {
  retries?: number;
  /** Time limit of one attempt, in milliseconds. */
  timeoutMs?: number;
}

/**
 * Fetches one tag or commit of a repository, without its history, into a folder; does nothing if it is there.
 * @returns the commit, 40 hex digits
 */
export async function checkOut(url: string, version: string, folder: string): Promise<string> {
  if (!/^(https?|file|ssh):\/\//.test(url)) {
    throw new Error(
      `${url.slice(0, 200)}: expected the address of a git repository, such as https://github.com/owner/repo`,
    );
  }
  const checked = GitVersion.safeParse(version);
  if (!checked.success)
    throw new Error(`version "${version.slice(0, 100)}" of ${url}: ${checked.error.issues[0]?.message}`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, '.git'))) await git(folder, ['init', '--quiet']);
  const present = await headOf(folder);
  if (present !== undefined && present === version) return present;
  try {
    await askRemote(['-C', folder, 'fetch', '--quiet', '--depth', '1', '--', url, version]);
  } catch (cause) {
    throw new Error(`cannot fetch "${version}" of ${url}; expected one of its tags or commits`, { cause });
  }
  await git(folder, ['-c', 'advice.detachedHead=false', 'checkout', '--quiet', '--force', 'FETCH_HEAD']);
  const commit = await headOf(folder);
  if (commit === undefined)
    throw new Error(`${folder}: git has no commit there; remove the folder and run it again`);
  return commit;
}

/**
 * Runs a git command that contacts another host, and retries errors that may be temporary. Git has a single
 * exit code for all errors, so its messages tell whether a tag or repository is missing, which a retry does
 * not change.
 */
export async function askRemote(
  args: string[],
  { retries = 2, timeoutMs = TIMEOUT_MS }: Patience = {},
): Promise<string> {
  const run = async (): Promise<string> => {
    try {
      return await runGit(args, timeoutMs);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      if (ABSENT.test(text)) throw cause;
      throw new TemporaryError(text, { cause });
    }
  };
  return retry(run, { retries, firstRetrySeconds: 2 });
}

async function headOf(folder: string): Promise<string | undefined> {
  return git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']).catch(() => undefined);
}

/** Runs a git command in a folder. @returns its output, trimmed */
export async function git(folder: string, args: string[]): Promise<string> {
  return runGit(['-C', folder, ...args]);
}

async function runGit(args: string[], timeoutMs = TIMEOUT_MS): Promise<string> {
  const { stdout } = await execute('git', args, {
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return stdout.trim();
}

/** Date of the commit that is checked out: UTC, whole seconds. */
export async function headDate(folder: string): Promise<string> {
  const seconds = Number(await git(folder, ['show', '--no-patch', '--format=%ct', 'HEAD']));
  return isoSeconds(new Date(seconds * 1_000));
}
