import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { isGitHubRegistry } from './github-registry.ts';
import type { Credentials } from './credentials.ts';
import type { DirectoryReference, RemoteReference } from './reference.ts';

/**
 * The login that a workflow has for a registry: the variable and the secret that the owner sets, or for GitHub's
 * registry the run's own token. Undefined where there is none. Throws when half of it is missing.
 */
export function chooseLogin(
  reference: RemoteReference | DirectoryReference,
  environment: ProcessEnvironment,
): Pick<Credentials, 'username' | 'password'> | undefined {
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
