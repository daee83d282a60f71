import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { git as runGit } from '../cli/git.ts';
import { askRemote } from '../spack/git-checkout.ts';

const RETRIES = 4;

/**
 * Moves a checkout's HEAD to the head of a branch of its remote `origin`, together with the files of the
 * catalog; all other files stay those of the checked-out commit.
 * @param catalog its folder
 * @returns the checked-out commit and the branch's head, and the environments whose `spack.yaml` differs
 * there or is gone
 */
export async function takeCatalog(
  catalog: string,
  branch: string,
  environment: ProcessEnvironment,
): Promise<{ from: string; to: string; changed: string[] }> {
  const options = { environment: { ...environment, ...login(environment) } };
  const git = (folder: string, ...args: string[]) => runGit(folder, args, options);
  const root = await git(catalog, 'rev-parse', '--show-toplevel');
  const folder = await git(catalog, 'rev-parse', '--show-prefix');
  const from = await git(root, 'rev-parse', 'HEAD');
  const fetch = ['fetch', '--quiet', '--no-tags', '--depth=1', 'origin', `refs/heads/${branch}`];
  try {
    await askRemote(root, fetch, { ...options, retries: RETRIES });
  } catch (cause) {
    throw new Error(`the head of ${branch} could not be fetched`, { cause });
  }
  const to = await git(root, 'rev-parse', 'FETCH_HEAD');
  if (from === to) return { from, to, changed: [] };
  const compare = ['diff', '--name-only', '--no-renames', '-z', from, to, '--', `${folder}environments`];
  const stacks = await git(root, ...compare);
  await git(root, 'reset', '--quiet', '--mixed', to);
  // Files that the head does not have are removed, too.
  rmSync(join(root, folder), { recursive: true });
  mkdirSync(join(root, folder));
  if ((await git(root, 'ls-tree', to, folder)) !== '')
    await git(root, 'checkout', '--quiet', to, '--', folder);
  const changed = stacks.split('\0').flatMap((path) => /([^/]+)\.yaml$/.exec(path)?.[1] ?? []);
  return { from, to, changed };
}

/** Passes the run's token to git alone, since actions/checkout does not keep it. */
function login(environment: ProcessEnvironment): Record<string, string> {
  const { GITHUB_TOKEN: token, GITHUB_SERVER_URL: server = 'https://github.com' } = environment;
  if (!token) return {};
  const count = Number(environment['GIT_CONFIG_COUNT'] ?? 0);
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: `http.${server}/.extraheader`,
    [`GIT_CONFIG_VALUE_${count}`]: `AUTHORIZATION: basic ${basic}`,
  };
}
