/** Characters of a view's name: a file is named by it, and texts of Spack's may be of any length. */
const MOST = 120;

/** What the builds of a view have in common. */
export type ViewKind = 'target' | 'os' | 'month' | 'env' | 'snapshot' | 'release';

/**
 * A view's name: a path segment on the mirror, and part of a key that Spack splits at `__v<digits>__`;
 * so letters, digits, `.`, `-` and single `_` only.
 */
export function viewName(kind: ViewKind, value: string): string {
  return `${kind}-${value}`
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replaceAll(/_+/g, '_')
    .slice(0, MOST);
}
