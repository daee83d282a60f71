import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isoSeconds } from '../../site/lib/format.ts';
import { GitVersion } from '../../site/schemas/build-cache-settings.ts';
import { git, type GitOptions } from '../cli/git.ts';
import { TemporaryError, retry } from '../http/retry.ts';

/** Errors of git for a missing tag, commit or repository. */
const ABSENT =
  /couldn't find remote ref|not our ref|repository '.*' not found|does not appear to be a git repository/i;

/** Retries, time limit and environment of requests to another host. */
export interface Patience extends GitOptions {
  retries?: number;
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
    await askRemote(folder, ['fetch', '--quiet', '--depth', '1', '--', url, version]);
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
 * Runs a git command in a folder that contacts another host, and retries errors that may be temporary. Git has a single
 * exit code for all errors, so its messages tell whether a tag or repository is missing, which a retry does
 * not change.
 */
export async function askRemote(
  folder: string,
  args: string[],
  { retries = 2, ...options }: Patience = {},
): Promise<string> {
  const run = async (): Promise<string> => {
    try {
      return await git(folder, args, options);
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

/** Date of the commit that is checked out: UTC, whole seconds. */
export async function headDate(folder: string): Promise<string> {
  const seconds = Number(await git(folder, ['show', '--no-patch', '--format=%ct', 'HEAD']));
  return isoSeconds(new Date(seconds * 1_000));
}
