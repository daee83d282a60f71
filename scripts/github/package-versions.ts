import { z } from 'zod';
import type { Digest } from '../../site/schemas/digest.ts';
import { describeError } from '../cli/command.ts';
import { isGitHubRegistry, packageOf, readOwnerType } from '../oci/github-registry.ts';
import { parseReference } from '../oci/reference.ts';
import type { ApiOptions } from './api.ts';
import { openApi } from './api.ts';

type Environment = Record<string, string | undefined>;

/** A version of a package, as GitHub lists them, newest first; its name is the digest of the manifest. */
const Versions = z.array(
  z.object({
    id: z.number(),
    name: z.string(),
    metadata: z.object({ container: z.object({ tags: z.array(z.string()) }) }),
  }),
);

const VERSIONS_A_PAGE = 100;
/** Pages that are looked through: what a run replaces was pushed by an earlier one, some builds ago. */
const MAX_PAGES = 20;

/**
 * Deletes the version of a package of GitHub's registry that a run has replaced: without a tag nobody finds it, and it
 * would stay for ever. A version that has a tag is never deleted.
 * Source: https://docs.github.com/rest/packages/packages
 * @returns a sentence when it could not be deleted; undefined when it is gone, or was none of GitHub's
 */
export async function deleteReplacedVersion(
  reference: string,
  digest: Digest,
  environment: Environment,
  options: ApiOptions = {},
): Promise<string | undefined> {
  const registry = parseReference(reference);
  if (registry.kind === 'directory' || !isGitHubRegistry(registry.host, environment)) return undefined;
  if (!environment['GITHUB_TOKEN']) return undefined;
  const { owner, name } = packageOf(registry.path);
  const isOrganization = readOwnerType(owner, environment) === 'Organization';
  const root = `/${isOrganization ? 'orgs' : 'users'}/{account}/packages/container/{package}/versions`;
  const parameters = { account: owner, package: name };
  try {
    const { call } = openApi(environment, options);
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const query = { ...parameters, per_page: VERSIONS_A_PAGE, page };
      const versions = await call(`GET ${root}`, query, Versions);
      const version = versions.find((known) => known.name === digest);
      if (version) {
        if (version.metadata.container.tags.length > 0) return undefined;
        await call(`DELETE ${root}/{version}`, { ...parameters, version: version.id }, z.unknown());
        return undefined;
      }
      if (versions.length < VERSIONS_A_PAGE) return undefined;
    }
    return undefined;
  } catch (error) {
    return (
      `${reference}: the replaced version ${digest} could not be deleted and stays without a tag, which does no harm ` +
      `(deleting needs the role "Admin" for this repository on the package's settings page): ${describeError(error)}`
    );
  }
}
