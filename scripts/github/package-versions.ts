import { z } from 'zod';
import type { Digest } from '../../site/schemas/digest.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { isGitHubRegistry, packageOf, readOwnerType } from '../oci/github-registry.ts';
import { parseReference } from '../oci/reference.ts';
import { openApi, type ApiOptions } from './api.ts';
import { isNotFound } from './errors.ts';

/** A version of a package, as GitHub lists them, newest first; its name is the digest of the manifest. */
const Versions = z.array(
  z.object({
    id: z.number(),
    name: z.string(),
    metadata: z.object({ container: z.object({ tags: z.array(z.string()) }) }),
  }),
);

const VERSIONS_A_PAGE = 100;
/** Pages that are looked through for what a run replaces: an earlier one pushed it, some builds ago. */
const PAGES_OF_REPLACED = 20;

/** A version to delete, and the tags that it may have: with any other it stays. */
export interface UnwantedVersion {
  digest: Digest;
  tags: readonly string[];
}

/** Whether a registry is one of GitHub's, where images are deleted as versions of a package. */
export function isPackage(reference: string, environment: ProcessEnvironment): boolean {
  const registry = parseReference(reference);
  return registry.kind !== 'directory' && isGitHubRegistry(registry.host, environment);
}

/**
 * Deletes versions of a package of GitHub's registry, which knows no `DELETE` of a manifest. All are looked up before the
 * first is deleted: pages move when one goes.
 * Source: https://docs.github.com/rest/packages/packages
 * @param isWanted asked right before each deletion: one that is wanted by now stays
 * @param onGone called for each that is not there any more, or that has another tag by now and stays
 * @throws what GitHub refuses; those that `onGone` was called for are done
 */
export async function deleteVersions(
  reference: string,
  unwanted: readonly UnwantedVersion[],
  {
    environment,
    maxPages = Infinity,
    isWanted = () => Promise.resolve(false),
    options = {},
  }: {
    environment: ProcessEnvironment;
    maxPages?: number;
    isWanted?: (digest: Digest) => Promise<boolean>;
    options?: ApiOptions;
  },
  onGone: (digest: Digest) => void = () => undefined,
): Promise<void> {
  const registry = parseReference(reference);
  if (registry.kind === 'directory') throw new Error(`${reference}: expected a package of GitHub's registry`);
  const { owner, name } = packageOf(registry.path);
  const isOrganization = readOwnerType(owner, environment) === 'Organization';
  const root = `/${isOrganization ? 'orgs' : 'users'}/{account}/packages/container/{package}/versions`;
  const parameters = { account: owner, package: name };
  const { call } = openApi(environment, options);
  const missing = new Map(unwanted.map((version) => [version.digest, version.tags]));
  const matches: { id: number; digest: Digest }[] = [];
  for (let page = 1; missing.size > 0 && page <= maxPages; page += 1) {
    const query = { ...parameters, per_page: VERSIONS_A_PAGE, page };
    const versions = await call(`GET ${root}`, query, Versions);
    for (const { id, name: digest, metadata } of versions) {
      const tags = missing.get(digest);
      if (tags === undefined) continue;
      missing.delete(digest);
      if (metadata.container.tags.every((tag) => tags.includes(tag))) matches.push({ id, digest });
      else onGone(digest);
    }
    if (versions.length < VERSIONS_A_PAGE) break;
  }
  for (const digest of missing.keys()) onGone(digest);
  for (const { id, digest } of matches) {
    if (await isWanted(digest)) continue;
    const version = { ...parameters, version: id };
    try {
      await call(`DELETE ${root}/{version}`, version, z.unknown());
    } catch (error) {
      // An answer that was lost: it was deleted, and is asked for once more. Who may not delete gets 404 too, and still sees it.
      if (!isNotFound(error) || !(await isGone(() => call(`GET ${root}/{version}`, version, z.unknown()))))
        throw error;
    }
    onGone(digest);
  }
}

async function isGone(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

/**
 * Deletes the version of a package of GitHub's registry that a run has replaced: without a tag nobody finds it, and it
 * would stay for ever. A version that has a tag is never deleted.
 * @returns a sentence when it could not be deleted; undefined when it is gone, or was none of GitHub's
 */
export async function deleteReplacedVersion(
  reference: string,
  digest: Digest,
  environment: ProcessEnvironment,
  options: ApiOptions = {},
): Promise<string | undefined> {
  if (!isPackage(reference, environment) || !environment['GITHUB_TOKEN']) return undefined;
  try {
    const limits = { environment, options, maxPages: PAGES_OF_REPLACED };
    await deleteVersions(reference, [{ digest, tags: [] }], limits);
    return undefined;
  } catch (error) {
    return (
      `${reference}: the replaced version ${digest} could not be deleted and stays without a tag, which does no harm ` +
      `(deleting needs the role "Admin" for this repository on the package's settings page): ${describeError(error)}`
    );
  }
}
