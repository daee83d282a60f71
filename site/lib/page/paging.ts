/** Packages on one page of their list: below 100 kB, and few enough to lay out at once on a phone. */
export const PACKAGES_PER_PAGE = 100;

/** The pages of a list, one at least. */
export function splitPages<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
