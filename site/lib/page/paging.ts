/** Number of packages per page of their list: below 100 kB, and fast to lay out on a phone. */
export const PACKAGES_PER_PAGE = 100;

/** Splits a list into pages, at least one. */
export function splitPages<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
