import { groupByRegistry, isLocal } from '../../site/lib/registry-address.ts';
import type { Image } from '../../site/schemas/build.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { describeError } from '../cli/command.ts';
import { RegistryRefusedError } from '../oci/errors.ts';
import { isGitHubRegistry, packageSettings } from '../oci/github-registry.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { parseReference } from '../oci/registry.ts';

/**
 * Checks, without a login, that everybody may pull the first of some builds. GitHub may make a new package
 * private, and only a person can change that.
 * @returns a sentence with the link to click; empty when everybody may pull, or the registry is a folder
 */
export async function describeVisibility(
  reference: string,
  [first]: readonly { image: Pick<Image, 'tag'> }[],
  environment: ProcessEnvironment,
): Promise<string[]> {
  if (!first || isLocal(reference)) return [];
  try {
    if (await openRegistry(reference, { anonymous: true }).describeTag(first.image.tag)) return [];
  } catch (error) {
    // The push succeeded; only the check did not.
    if (!(error instanceof RegistryRefusedError))
      return [`whether everybody may use ${reference} is not known: ${describeError(error)}`];
  }
  return [describePrivate(reference, environment)];
}

/** The same for each registry of builds. @param own the cache's own registry */
export async function describeVisibilities(
  builds: readonly { image: Pick<Image, 'tag' | 'registry'> }[],
  own: string,
  environment: ProcessEnvironment,
): Promise<string[]> {
  const sentences: string[] = [];
  for (const [registry, stored] of groupByRegistry(builds, own))
    sentences.push(...(await describeVisibility(registry, stored, environment)));
  return sentences;
}

/** Advice about a private registry, with the page to open if it is GitHub's. */
export function describePrivate(reference: string, environment: ProcessEnvironment): string {
  return (
    `${reference} is private: nobody but you can use its binaries. To make it public, ` +
    `${adviceFor(reference, environment)}.`
  );
}

function adviceFor(reference: string, environment: ProcessEnvironment): string {
  const parsed = parseReference(reference);
  if (parsed.kind === 'directory' || !isGitHubRegistry(parsed.host, environment))
    return 'allow anonymous pulls there';
  return (
    `open ${packageSettings(parsed.path, environment)}, choose "Change visibility" under "Danger Zone", then "Public" ` +
    '(GitHub may make a new package private, and only that page can change it)'
  );
}
