import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { judgeFit, type Fit, type FitKind } from '../../lib/machine/needs.ts';
import type { Machine } from '../../lib/machine/machine.ts';
import type { Facet } from '../search/facets-index.ts';
import { needsKey, rowNeeds } from './row-needs.ts';

/** Fits of a machine to the rows of the search index. */
export interface RowFits {
  machine: Machine;
  kindOf(row: number): FitKind;
  fitOf(row: number): Fit | undefined;
  /** Facet of rows by whether they run. */
  facet: Facet;
}

/** Words of the facet, and the words that each kind of fit belongs to. */
const WORDS = ['here', 'chosen', 'unknown'] as const;
const WORDS_OF_KIND: Record<FitKind, readonly number[]> = {
  yes: [0, 1],
  'by hash': [0],
  unknown: [2],
  no: [],
};
const KINDS: readonly FitKind[] = ['yes', 'by hash', 'unknown', 'no'];

/** Judges all rows. Rows with the same needs are judged once. */
export function judgeRows(machine: Machine, packages: PackageIndex, builds: BuildIndex): RowFits {
  const fits = new Map<number, Fit>();
  const keys = Int32Array.from(builds.rows.package, (_, row) => {
    const needs = rowNeeds(row, packages, builds);
    if (!needs) return 0;
    const key = needsKey(row, builds);
    const fit = fits.get(key) ?? judgeFit(machine, needs);
    fits.set(key, fit);
    return KINDS.indexOf(fit.kind) + 1;
  });
  return {
    machine,
    kindOf: (row) => KINDS[(keys[row] ?? 0) - 1] ?? 'no',
    fitOf: (row) => fits.get(needsKey(row, builds)),
    facet: {
      name: 'runs',
      words: WORDS,
      keys,
      wordsOfKey: [[], ...KINDS.map((kind) => WORDS_OF_KIND[kind])],
      all: false,
    },
  };
}
