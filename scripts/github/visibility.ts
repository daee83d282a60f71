import { RefusedError } from '../oci/refused.ts';
import { openRegistry } from '../oci/registry.ts';

/**
 * Checks that everybody may pull an image. A new package of ghcr.io is private, and only a person can change that.
 * @returns a sentence with the link to click; undefined when everybody may, or the registry is a folder
 */
export async function checkVisibility(
  reference: string,
  tag: string,
  environment: Record<string, string | undefined>,
): Promise<string | undefined> {
  if (reference.startsWith('oci-layout:')) return undefined;
  try {
    if (await openRegistry(reference, { anonymous: true }).describeTag(tag)) return undefined;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
  const { GITHUB_SERVER_URL: server = 'https://github.com', GITHUB_REPOSITORY: repository = '' } =
    environment;
  const [owner = ''] = repository.split('/');
  const name = reference.split('/').slice(2).join('/');
  const where = reference.startsWith('ghcr.io/')
    ? `open ${server}/${owner}?tab=packages, choose ${name}, then "Package settings", "Change visibility", "Public"`
    : 'allow anonymous pulls there';
  return `${reference} is private: nobody but you can use its binaries. To make it public, ${where}.`;
}
