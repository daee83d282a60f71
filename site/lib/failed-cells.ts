import type { MatrixCell } from './packages.ts';
import type { CatalogFailure } from './shape-history.ts';

/**
 * Which empty cells of a package's matrix were tried and failed, each with its newest failure. A failure keeps the
 * spec as text: its version is told from there (`hdf5@1.14.5 +mpi`, `hdf5@=1.14.5`).
 * @param failures of the package, the newest first
 */
export function failedCells(
  failures: readonly CatalogFailure[],
  rows: readonly (readonly MatrixCell[])[],
): Map<MatrixCell, CatalogFailure> {
  const found = new Map<MatrixCell, CatalogFailure>();
  for (const failure of failures) {
    const [, version] = /^[\w-]+@=?([^\s%+~^]+)/.exec(failure.spec) ?? [];
    const cell = rows
      .flat()
      .find(
        ({ builds, ...cell }) =>
          builds.length === 0 && cell.version === version && cell.target === failure.target,
      );
    if (cell && !found.has(cell)) found.set(cell, failure);
  }
  return found;
}
