import { z } from 'zod';
import { tryJson } from '../../site/lib/json.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { readIfThere } from '../cli/files.ts';

const GITHUB_REGISTRY = 'ghcr.io';

/** The part of a workflow's event that has the type of the repository's owner. */
const Event = z.object({ repository: z.object({ owner: z.object({ type: z.string() }) }) });

/**
 * Hosts that follow the rules of GitHub's registry, the default first: those of `GITHUB_REGISTRIES`,
 * separated by commas (for GitHub Enterprise Server and rehearsals), else ghcr.io.
 */
export function githubRegistries({ GITHUB_REGISTRIES: hosts }: ProcessEnvironment): [string, ...string[]] {
  const [first, ...others] = (hosts ?? '').split(',').flatMap((host) => host.trim() || []);
  return first === undefined ? [GITHUB_REGISTRY] : [first, ...others];
}

/** Whether a host (with its port, if any) follows the rules of GitHub's registry. */
export function isGitHubRegistry(host: string, environment: ProcessEnvironment = process.env): boolean {
  return githubRegistries(environment).includes(host);
}

/** A repository in GitHub's registry: a package of an account. */
export interface GitHubPackage {
  owner: string;
  /** May contain slashes. */
  name: string;
}

/** The package at a repository's path. */
export function packageOf(path: string): GitHubPackage {
  const [owner = '', ...name] = path.split('/');
  return { owner, name: name.join('/') };
}

/**
 * The page of a package's settings. Its address differs for users and organizations; names both when the
 * workflow's event does not say which the owner is.
 */
export function packageSettings(path: string, environment: ProcessEnvironment = process.env): string {
  const { GITHUB_SERVER_URL: server = 'https://github.com' } = environment;
  const { owner, name } = packageOf(path);
  const page = (kind: string): string =>
    `${server}/${kind}/${owner}/packages/container/${encodeURIComponent(name)}/settings`;
  const type = readOwnerType(owner, environment);
  if (type === 'Organization') return page('orgs');
  return type === 'User' ? page('users') : `${page('users')} (of an organization: ${page('orgs')})`;
}

/** `User` or `Organization`, for the owner of the repository that a workflow runs in. */
export function readOwnerType(
  owner: string,
  { GITHUB_EVENT_PATH: file, GITHUB_REPOSITORY: repository = '' }: ProcessEnvironment,
): string | undefined {
  if (!file || repository.split('/')[0]?.toLowerCase() !== owner.toLowerCase()) return undefined;
  // When the event is missing or of another kind, the caller names both pages.
  return tryJson(readIfThere(file)?.toString() ?? '', Event)?.repository.owner.type;
}
