import { z } from 'zod';
import type { Digest } from '../../site/schemas/digest.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { isGitHubRegistry, packageOf, readOwnerType } from '../oci/github-registry.ts';
import { parseReference } from '../oci/registry.ts';
import { openApi } from './api.ts';
import { isNotFound } from './errors.ts';

/** The versions of a package in GitHub's list, newest first; the name is the digest of the manifest. */
const Versions = z.array(
  z.object({
    id: z.number(),
    name: z.string(),
    metadata: z.object({ container: z.object({ tags: z.array(z.string()) }) }),
  }),
);

const VERSIONS_A_PAGE = 100;
/** Pages to search for a replaced version, which an earlier run pushed before some builds. */
const PAGES_OF_REPLACED = 20;

/** A version to delete, and the tags that it may have: with any other tag it is kept. */
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
 * Deletes versions of a package of GitHub's registry, which does not support `DELETE` of a manifest. All are
 * looked up before the first is deleted, since pages move after each deletion. Source:
 * https://docs.github.com/rest/packages/packages
 * @param isWanted called right before each deletion: a version that is wanted by then is kept
 * @param onGone called for each version that no longer exists, or that is kept because it has another tag
 * @throws GitHub's refusal; the versions for which `onGone` was called are done
 */
export async function deleteVersions(
  reference: string,
  unwanted: readonly UnwantedVersion[],
  {
    environment,
    maxPages = Infinity,
    isWanted = () => Promise.resolve(false),
  }: {
    environment: ProcessEnvironment;
    maxPages?: number;
    isWanted?: (digest: Digest) => Promise<boolean>;
  },
  onGone: (digest: Digest) => void = () => undefined,
): Promise<void> {
  const registry = parseReference(reference);
  if (registry.kind === 'directory') throw new Error(`${reference}: expected a package of GitHub's registry`);
  const { owner, name } = packageOf(registry.path);
  const isOrganization = readOwnerType(owner, environment) === 'Organization';
  const root = `/${isOrganization ? 'orgs' : 'users'}/{account}/packages/container/{package}/versions`;
  const parameters = { account: owner, package: name };
  const { call } = openApi(environment);
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
      // The answer to an earlier try may be lost. Without permission the answer is 404, too, but the version
      // is still there.
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
 * Deletes the version of a package of GitHub's registry that a run has replaced: without a tag nobody finds
 * it, and it would stay forever. Never deletes a version with a tag.
 * @returns a sentence when it could not be deleted; undefined when it is gone or not in GitHub's registry
 */
export async function deleteReplacedVersion(
  reference: string,
  digest: Digest,
  environment: ProcessEnvironment,
): Promise<string | undefined> {
  if (!isPackage(reference, environment) || !environment['GITHUB_TOKEN']) return undefined;
  try {
    const limits = { environment, maxPages: PAGES_OF_REPLACED };
    await deleteVersions(reference, [{ digest, tags: [] }], limits);
    return undefined;
  } catch (error) {
    return (
      `${reference}: the replaced version ${digest} could not be deleted and stays without a tag, which does no harm ` +
      `(deleting needs the role "Admin" for this repository on the package's settings page): ${describeError(error)}`
    );
  }
}
