/**
 * Maximum length of a view's name, in characters. It is a file name, but texts from
 * Spack may have any length.
 */
const MOST = 120;

/** Common property of the builds in a view. */
export type ViewKind = 'target' | 'os' | 'month' | 'env' | 'snapshot' | 'release';

/**
 * Name of a view. It is a path segment on the mirror, and part of a key that Spack splits at `__v<digits>__`;
 * so it has only letters, digits, `.`, `-` and single `_`.
 */
export function viewName(kind: ViewKind, value: string): string {
  return `${kind}-${value}`
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replaceAll(/_+/g, '_')
    .slice(0, MOST);
}
