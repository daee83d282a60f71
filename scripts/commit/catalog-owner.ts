import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Cache } from '../../site/schemas/cache.ts';
import { listNames } from '../cli/files.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { githubRegistries } from '../oci/github-registry.ts';
import { parseReference } from '../oci/reference.ts';

/** What the owner writes; everything else of a catalog is made by workflows. */
const OWN = /^(environments|\.[^/]*)$/;

/** Reads whose entries a catalog holds; undefined before the first publish. */
export function readCache(catalogDirectory: string): Cache | undefined {
  return readCatalogFile(catalogDirectory, 'cache.json', Cache);
}

/** Empties a catalog but for what its owner wrote: the stacks of environments stay, what was solved of them goes. */
export function forgetCatalog(catalogDirectory: string): void {
  for (const name of readdirSync(catalogDirectory)) {
    if (!OWN.test(name)) rmSync(join(catalogDirectory, name), { recursive: true });
  }
  const environments = join(catalogDirectory, 'environments');
  for (const name of listNames(environments)) {
    if (name.endsWith('.json')) rmSync(join(environments, name));
  }
}

/** Whether a catalog's entries belong to another repository: this one is a copy of it. */
export function isForeign(
  cache: Cache | undefined,
  { GITHUB_REPOSITORY_ID: id }: ProcessEnvironment,
): boolean {
  return cache?.repositoryId !== undefined && Boolean(id) && cache.repositoryId !== id;
}

/** Throws when a run is for a tag: what it builds could be committed nowhere. */
export function expectBranch({
  GITHUB_REF_TYPE: type,
  GITHUB_REF_NAME: name = '',
}: ProcessEnvironment): void {
  if (type !== 'tag') return;
  throw new Error(
    `this run is for the tag ${name.slice(0, 100)}: expected a branch, whose catalog gets what is built; ` +
      'choose a branch under "Use workflow from"',
  );
}

/**
 * Where the repository's builds are: `REGISTRY` if it is set; where they were, when the repository has been renamed;
 * else GitHub's registry under the repository's name, as far as a registry takes it: in lower case.
 */
export function chooseRegistry(cache: Cache | undefined, environment: ProcessEnvironment): string {
  const { REGISTRY: registry, GITHUB_REPOSITORY: repository } = environment;
  if (registry) {
    // Throws where it is none: here, and not after hours of building.
    parseReference(registry);
    return registry;
  }
  if (cache && !isForeign(cache, environment)) return cache.registry;
  const path = expectRepository(repository).toLowerCase().split('/').map(pathComponent).join('/');
  return `${githubRegistries(environment)[0]}/${path}`;
}

/**
 * A name as registries take it in a path: letters and digits, between them `.`, `_`, `__` or hyphens. GitHub's own names
 * may begin, end and be parted otherwise.
 */
function pathComponent(name: string): string {
  const trimmed = name.replaceAll(/^[._-]+|[._-]+$/g, '');
  return trimmed.replaceAll(/[._-]{2,}/g, (run) => (/^(__|-+)$/.test(run) ? run : '-')) || 'build-cache';
}

/**
 * Where the site is: `SITE_URL` if it is set, else where GitHub Pages puts it, which redirects to a domain of the
 * owner's own.
 */
export function siteUrlOf({ SITE_URL: siteUrl, GITHUB_REPOSITORY: repository }: ProcessEnvironment): string {
  if (siteUrl) return siteUrl.replace(/\/+$/, '');
  const [owner = '', name = ''] = expectRepository(repository).split('/');
  const host = `${owner.toLowerCase()}.github.io`;
  return name.toLowerCase() === host ? `https://${host}` : `https://${host}/${name}`;
}

function expectRepository(repository: string | undefined): string {
  if (repository && /^[\w.-]+\/[\w.-]+$/.test(repository)) return repository;
  throw new Error(`GITHUB_REPOSITORY: expected owner/repo, found "${repository ?? ''}"`);
}
