import { mirrorBlobPath, type DagHash, type Digest } from '../schemas/digest.ts';
import { mirrorManifestPath, type Node } from '../schemas/node.ts';
import { parseSettings } from '../schemas/settings.ts';

const { SITE_URL, FEDERATE } = parseSettings(process.env);

const BASE = new URL(SITE_URL).pathname.replace(/\/$/, '');

/** Full address of the site, without a slash at the end: also the address of the mirror. */
export function siteAddress(): string {
  return SITE_URL;
}

/** The path of a page or file of this site for links, base path included: `/base/packages/`. */
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

export function packagePath(name: string): string {
  return `/packages/${encodeURIComponent(name)}/`;
}

export function buildPath({ name, hash }: { name: string; hash: DagHash }): string {
  return `/builds/${encodeURIComponent(name)}/${hash}/`;
}

/** A page of the owner's guide; without a name its first. */
export function guidePath(name = ''): string {
  return name === '' ? '/guide/' : `/guide/${name}/`;
}

/** Search over this cache and its siblings. */
export const siblingsPath = '/siblings/';

/** Addresses of the caches that the owner has named as siblings. This one is none: a list that several caches share has it. */
export function siblingCaches(): readonly string[] {
  const own = new URL(SITE_URL).href;
  return FEDERATE.filter((url) => new URL(url).href !== own);
}

export const usePath = '/use/';

export const keysPath = '/keys/';

export const statisticsPath = '/statistics/';

/** Where that page compares builds with a release of the recipes: an id of letters, digits and dashes alone. */
export function recipesAnchor(release: string): string {
  return `recipes-${release.replaceAll(/[^\w-]+/g, '-')}`;
}

export const storagePath = '/storage/';

/** Whether catalog, registry and site agree, and which builds were reproduced. */
export const healthPath = '/health/';

/** What came and went lately. */
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

export function environmentPath(name: string): string {
  return `${environmentsPath}${encodeURIComponent(name)}/`;
}

export function tagPath(tag: string): string {
  return `${tagsPath}${encodeURIComponent(tag)}/`;
}

/** Path of an endpoint below `/api/`. */
export function apiPath(name: string): string {
  return `/api/${name.split('/').map(encodeURIComponent).join('/')}.json`;
}

/** Where the mirror serves a spec's manifest. */
export function manifestUrlPath(node: Pick<Node, 'name' | 'version' | 'hash'>): string {
  return `/${mirrorManifestPath(node).split('/').map(encodeURIComponent).join('/')}`;
}

/** Where the mirror serves a blob. */
export function blobUrlPath(digest: Digest): string {
  return `/${mirrorBlobPath(digest)}`;
}

/** The name that commands give this mirror: the site's last path segment, or its host's first label. */
export function mirrorName(): string {
  const { hostname, pathname } = new URL(siteAddress());
  const name = pathname.split('/').filter(Boolean).at(-1) ?? hostname.split('.')[0] ?? '';
  return name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'build-cache';
}
