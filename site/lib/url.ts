import { mirrorBlobPath, type DagHash, type Digest } from '../schemas/digest.ts';
import { mirrorManifestPath, type Node } from '../schemas/node.ts';
import { parseSettings } from '../schemas/settings.ts';

const { SITE_URL, FEDERATE } = parseSettings(process.env);

const BASE = new URL(SITE_URL).pathname.replace(/\/$/, '');

/** Full address of the site and the mirror, without a slash at the end. */
export function siteAddress(): string {
  return SITE_URL;
}

/** Path of a page or file of this site for links, including the base path: `/base/packages/`. */
export function internalUrl(path: string): string {
  return BASE + path;
}

/** The full address of a page or file of this site. */
export function externalUrl(path: string): string {
  return SITE_URL + path;
}

export const packagesPath = '/packages/';

export const searchPath = '/search/';

export const machinePath = '/machine/';

export const comparePath = '/compare/';

/** The documentation of the API. */
export const apiPagePath = '/api/';

/** Path of a package's page. */
export function packagePath(name: string): string {
  return `/packages/${encodeURIComponent(name)}/`;
}

/** Path of a build's page. */
export function buildPath({ name, hash }: { name: string; hash: DagHash }): string {
  return `/builds/${encodeURIComponent(name)}/${hash}/`;
}

/** Path of a page of the owner's guide. Without a name: the first page. */
export function guidePath(name = ''): string {
  return name === '' ? '/guide/' : `/guide/${name}/`;
}

/** Search over this cache and its siblings. */
export const siblingsPath = '/siblings/';

/** Addresses of the sibling caches in the settings, without this one: several caches may share one list. */
export function siblingCaches(): readonly string[] {
  const own = new URL(SITE_URL).href;
  return FEDERATE.filter((url) => new URL(url).href !== own);
}

export const usePath = '/use/';

export const keysPath = '/keys/';

export const statisticsPath = '/statistics/';

/** Anchor on that page for the comparison with a release of the recipes: only letters, digits and dashes. */
export function recipesAnchor(release: string): string {
  return `recipes-${release.replaceAll(/[^\w-]+/g, '-')}`;
}

export const storagePath = '/storage/';

/** Page that shows whether catalog, registry and site agree, and which builds were reproduced. */
export const healthPath = '/health/';

/** Page with recently added and removed builds. */
export const newPath = '/new/';

export const failuresPath = '/failures/';

export const environmentsPath = '/environments/';

export const tagsPath = '/tags/';

export const buildsFeedPath = '/feeds/builds.atom';

export const failuresFeedPath = '/feeds/failures.atom';

export const advisoriesFeedPath = '/feeds/advisories.atom';

/** The feed of a package's builds. */
export function packageFeedPath(name: string): string {
  return `/feeds/packages/${encodeURIComponent(name)}.atom`;
}

/** The feed of an environment's builds. */
export function environmentFeedPath(name: string): string {
  return `/feeds/environments/${encodeURIComponent(name)}.atom`;
}

/** Path of an environment's page. */
export function environmentPath(name: string): string {
  return `${environmentsPath}${encodeURIComponent(name)}/`;
}

/** Path of a tag's page. */
export function tagPath(tag: string): string {
  return `${tagsPath}${encodeURIComponent(tag)}/`;
}

/** A path for an address: names between slashes are encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Path of an endpoint below `/api/`. */
export function apiPath(name: string): string {
  return `/api/${encodePath(name)}.json`;
}

/** Path of a spec's manifest on the mirror. */
export function manifestUrlPath(node: Pick<Node, 'name' | 'version' | 'hash'>): string {
  return `/${encodePath(mirrorManifestPath(node))}`;
}

/** Path of a blob on the mirror. */
export function blobUrlPath(digest: Digest): string {
  return `/${mirrorBlobPath(digest)}`;
}

/** Name of this mirror in commands: the last path segment of the site, or the first label of its host. */
export function mirrorName(): string {
  const { hostname, pathname } = new URL(siteAddress());
  const name = pathname.split('/').filter(Boolean).at(-1) ?? hostname.split('.')[0] ?? '';
  return name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'build-cache';
}
