import { packagesPath } from './url.ts';

/** Packages on one page of the list: few enough to load at once on a phone. */
const PAGE_SIZE = 200;

export function pageCount(packages: number): number {
  return Math.max(1, Math.ceil(packages / PAGE_SIZE));
}

/** What one page of a list holds; pages count from 1. */
export function pageOf<Item>(items: readonly Item[], page: number): Item[] {
  return items.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
}

/** Path of a page of the list. A package's name never begins with `-`, so no package's page is in the way. */
export function pagePath(page: number): string {
  return page === 1 ? packagesPath : `${packagesPath}-/${page}/`;
}
