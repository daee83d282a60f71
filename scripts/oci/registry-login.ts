import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { isGitHubRegistry } from './github-registry.ts';
import type { Credentials } from './credentials.ts';
import { parseReference, type DirectoryReference, type RemoteReference } from './reference.ts';

type Login = Pick<Credentials, 'username' | 'password'>;

/**
 * Returns a workflow's login for a registry: the variable and secret that the owner sets, or for GitHub's
 * registry the run's own token. Undefined when there is none. Throws when one half is missing.
 */
export function chooseLogin(
  reference: RemoteReference | DirectoryReference,
  environment: ProcessEnvironment,
): Login | undefined {
  if (reference.kind === 'directory') return undefined;
  const {
    REGISTRY_USERNAME: username,
    REGISTRY_PASSWORD: password,
    GITHUB_ACTOR: actor,
    GITHUB_TOKEN: token,
  } = environment;
  if (username && password) return { username, password };
  if (username || password) {
    const missing = username ? 'REGISTRY_PASSWORD' : 'REGISTRY_USERNAME';
    throw new Error(
      `${missing}: expected it together with the other half of the login for ${reference.host}, found nothing; ` +
        'set REGISTRY_USERNAME as a variable and REGISTRY_PASSWORD as a secret of the repository, or neither',
    );
  }
  return isGitHubRegistry(reference.host, environment) && token
    ? { username: actor || 'github', password: token }
    : undefined;
}

interface HostLogin {
  reference: RemoteReference;
  credentials: Login;
}

/**
 * Returns the logins for all registries of a cache, at most one per host. The owner's login is for the
 * registries outside GitHub, if any: these must share a host, which receives the password.
 */
export function chooseLogins(registries: readonly string[], environment: ProcessEnvironment): HostLogin[] {
  const byHost = new Map<string, RemoteReference>();
  for (const reference of registries.map(parseReference))
    if (reference.kind === 'remote') byHost.set(reference.host, reference);
  const others = [...byHost.keys()].filter((host) => !isGitHubRegistry(host, environment));
  if (others.length > 1 && (environment['REGISTRY_USERNAME'] || environment['REGISTRY_PASSWORD']))
    throw new Error(
      `REGISTRY_USERNAME: expected registries at one host besides GitHub's, which this login is for, found ` +
        `${others.join(' and ')}; give targets a registry at one of them, or set no login`,
    );
  const runs = { ...environment, REGISTRY_USERNAME: '', REGISTRY_PASSWORD: '' };
  return [...byHost.values()].flatMap((reference) => {
    const isRuns = others.length > 0 && !others.includes(reference.host);
    const credentials = chooseLogin(reference, isRuns ? runs : environment);
    return credentials ? [{ reference, credentials }] : [];
  });
}
