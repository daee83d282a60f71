import { z } from 'zod';
import { FRESHNESS } from '../checks/recipe-comparison.ts';
import { Count, Text, Texts } from '../values.ts';

const Places = z.array(Count);
/** A place, or -1 where it is not known: a failure may not have got that far. */
const PlacesOrNone = z.array(z.int().min(-1));

/**
 * `/data/builds.json`: columns for facets, one value a row. Rows are builds, and things that failed, in the order of
 * `/data/packages.json`'s names; of a package the highest version first, then what failed.
 */
export const BuildIndex = z.strictObject({
  /** Platform and operating system, `linux ubuntu24.04`; the most used first, as in the other lists of words. */
  systems: Texts,
  /** `gcc@12.2.0`. */
  compilers: Texts,
  /** `+mpi`, `api=default`; of several values each one: `libs=shared`. */
  variants: Texts,
  /** `glibc@2.36 2.34`: what Spack compares with, then the oldest that it runs on, where that is known. */
  libcs: Texts,
  /** `2026-11`, the newest first. */
  months: Texts,
  /** Sets of compilers that built something together. */
  compilerSets: z.array(Places),
  /** Sets of variants that builds have. */
  variantSets: z.array(Places),
  /** States of `freshness`: how builds compare with the newest recipes. Empty: nothing was compared. */
  freshness: z.array(z.enum(FRESHNESS)),
  /** Release of these recipes. Absent: nothing was compared. */
  recipes: Text.optional(),
  /** Rows that have a binary and are part of an environment. */
  environments: z.array(z.strictObject({ name: Text, rows: Places })),
  rows: z.strictObject({
    /** Place in the package index's `names`. */
    package: Places,
    /** Place in the package index's `versions`. */
    version: PlacesOrNone,
    /** Place in the package index's `targets`. */
    target: PlacesOrNone,
    system: PlacesOrNone,
    compilerSet: PlacesOrNone,
    variantSet: PlacesOrNone,
    libc: PlacesOrNone,
    month: Places,
    /** Bytes of the tarball, three digits of them; 0: there is none. */
    size: Places,
    /** Place in `BUILD_STATES`. */
    state: Places,
    /** Place in `freshness`. Empty: nothing was compared. */
    freshness: PlacesOrNone,
  }),
});
export type BuildIndex = z.infer<typeof BuildIndex>;

/** `/data/hashes/<n>.json`: DAG hashes of the rows from `n * HASHES_PER_FILE`; of failures the names of their files. */
export const HashList = Texts;
export type HashList = z.infer<typeof HashList>;
