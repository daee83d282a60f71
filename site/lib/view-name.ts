/**
 * A view's name: a path segment on the mirror, and part of a key that Spack splits at `__v<digits>__`;
 * so letters, digits, `.`, `-` and single `_` only.
 */
export function viewName(kind: 'target' | 'os' | 'month' | 'env', value: string): string {
  return `${kind}-${value}`.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replaceAll(/_+/g, '_');
}
