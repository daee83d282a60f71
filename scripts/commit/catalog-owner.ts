import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Cache } from '../../site/schemas/cache.ts';
import { listNames } from '../cli/files.ts';
import { readCatalogFile, readCatalogFiles } from '../catalog/catalog.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { githubRegistries } from '../oci/github-registry.ts';
import { parseReference } from '../oci/registry.ts';
import { z } from 'zod';
import { groupByRegistry, isLocal } from '../../site/lib/registry-address.ts';
import { Image } from '../../site/schemas/build.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { readRemoved } from '../catalog/removal.ts';

/** Files of the owner; workflows write everything else in a catalog. */
const OWN = /^(environments|\.[^/]*)$/;

/** Reads `cache.json`, which says whose builds a catalog has; undefined before the first publish. */
export function readCache(catalogDirectory: string): Cache | undefined {
  return readCatalogFile(catalogDirectory, 'cache.json', Cache);
}

/** Empties a catalog except for the owner's files: the stacks of environments stay, their locks go. */
export function forgetCatalog(catalogDirectory: string): void {
  for (const name of readdirSync(catalogDirectory)) {
    if (!OWN.test(name)) rmSync(join(catalogDirectory, name), { recursive: true });
  }
  const environments = join(catalogDirectory, 'environments');
  for (const name of listNames(environments)) {
    if (name.endsWith('.json')) rmSync(join(environments, name));
  }
}

/** Whether a catalog belongs to another repository, of which this one is a copy. */
export function isForeign(
  cache: Cache | undefined,
  { GITHUB_REPOSITORY_ID: id }: ProcessEnvironment,
): boolean {
  return cache?.repositoryId !== undefined && Boolean(id) && cache.repositoryId !== id;
}

/** Throws when a run is for a tag, where its builds could not be committed. */
export function expectBranch({
  GITHUB_REF_TYPE: type,
  GITHUB_REF_NAME: name = '',
}: ProcessEnvironment): void {
  if (type !== 'tag') return;
  throw new Error(
    `this run is for the tag ${name.slice(0, 100)}: expected a branch, to which builds are committed; ` +
      'choose a branch under "Use workflow from"',
  );
}

/**
 * The registry for the repository's builds: `REGISTRY` if it is set; the earlier one when the repository was
 * renamed; else GitHub's registry under the repository's name, in lower case as registries require.
 */
export function chooseRegistry(cache: Cache | undefined, environment: ProcessEnvironment): string {
  const { REGISTRY: registry, GITHUB_REPOSITORY: repository } = environment;
  if (registry) {
    // Throws for an invalid reference now, rather than after hours of building.
    parseReference(registry);
    return registry;
  }
  if (cache && !isForeign(cache, environment)) return cache.registry;
  const path = expectRepository(repository).toLowerCase().split('/').map(pathComponent).join('/');
  return `${githubRegistries(environment)[0]}/${path}`;
}

/**
 * A name as registries allow it in a path: letters and digits, separated by `.`, `_`, `__` or hyphens.
 * GitHub's names may begin, end and be separated differently.
 */
function pathComponent(name: string): string {
  const trimmed = name.replaceAll(/^[._-]+|[._-]+$/g, '');
  return trimmed.replaceAll(/[._-]{2,}/g, (run) => (/^(__|-+)$/.test(run) ? run : '-')) || 'build-cache';
}

/**
 * The site's address: `SITE_URL` if it is set, else the address that GitHub Pages assigns, which redirects to
 * the owner's own domain if there is one.
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

/**
 * Registries of targets that have their own, keyed by the target's name. Empty if the cache's own registry is
 * a folder, as in a dry run: it receives everything.
 */
export function homesOf(targets: readonly Target[], own: string): Map<string, string> {
  if (isLocal(own)) return new Map();
  return new Map(targets.flatMap(({ name, registry }) => (registry === undefined ? [] : [[name, registry]])));
}

const StoredBuild = z.object({ image: z.object({ registry: Image.shape.registry }) });

/** Lists all registries named in the settings and the catalog, the cache's own first. */
export function listRegistries(own: string, targets: readonly Target[], catalog: string): string[] {
  const stored = [
    ...[...homesOf(targets, own).values()].map((registry) => ({ image: { registry } })),
    ...readCatalogFiles(catalog, 'builds', StoredBuild).values(),
    ...[...readRemoved(catalog).values()].flatMap(({ grace }) => grace?.build ?? []),
  ];
  return [...groupByRegistry(stored, own).keys()];
}
