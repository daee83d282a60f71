import { systemGlibc } from '../../lib/machine/machine.ts';
import { judgeFit, type BuildNeeds, type Fit } from '../../lib/machine/needs.ts';
import type { Query } from '../../lib/search/search-query.ts';
import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { needsKey, rowNeeds } from '../machine/row-needs.ts';

/**
 * Fit of a build to a system, with the given target or else the build's. Undefined: the
 * system's glibc is unknown.
 */
export function judgeOnSystem(os: string, target: string | undefined, needs: BuildNeeds): Fit | undefined {
  const glibc = systemGlibc(os);
  const platform = glibc === undefined ? needs.platform : 'linux';
  if (platform === 'linux' && glibc === undefined) return undefined;
  return judgeFit({ platform, os, target: target ?? needs.target, glibc }, needs);
}

/** Judges rows by the single system in a search, `os=rocky8`. Rows with the same needs are judged once. */
export function systemFits(
  { os, target }: Query,
  packages: PackageIndex,
  builds: BuildIndex,
): ((row: number) => Fit | undefined) | undefined {
  if (os === undefined || os.includes(',')) return undefined;
  const cpu = target?.includes(',') ? undefined : target;
  const fits = new Map<number, Fit | undefined>();
  return (row) => {
    const key = needsKey(row, builds);
    if (fits.has(key)) return fits.get(key);
    const needs = rowNeeds(row, packages, builds);
    const fit = needs && judgeOnSystem(os, cpu, needs);
    fits.set(key, fit);
    return fit;
  };
}
