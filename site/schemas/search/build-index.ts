import { z } from 'zod';
import { FRESHNESS } from '../checks/recipe-comparison.ts';
import { Count, Text, Texts } from '../values.ts';

const Places = z.array(Count);
/** An index, or -1 for an unknown value: a build may fail before its value is known. */
const PlacesOrNone = z.array(z.int().min(-1));

/**
 * `/data/builds.json.gz`: columns for facets, with one value per row. Rows are builds and failures, in the order
 * of the names in `/data/packages.json.gz`; within a package, builds by version, the highest first, then
 * failures.
 */
export const BuildIndex = z.strictObject({
  /** Platform and operating system, `linux ubuntu24.04`; the most used first, as in the other lists of words. */
  systems: Texts,
  /** `gcc@12.2.0`. */
  compilers: Texts,
  /** `+mpi`, `api=default`; several values of one variant are separate entries: `libs=shared`. */
  variants: Texts,
  /** `glibc@2.36 2.34`: the libc that Spack compares and, if known, the oldest version that the build runs on. */
  libcs: Texts,
  /** `2026-11`, the newest first. */
  months: Texts,
  /** Sets of compilers that built something together. */
  compilerSets: z.array(Places),
  /** Sets of variants of builds. */
  variantSets: z.array(Places),
  /**
   * States for `freshness`, the comparison of builds with the newest recipes. Empty: nothing was compared.
   */
  freshness: z.array(z.enum(FRESHNESS)),
  /** Release of these recipes. Absent: nothing was compared. */
  recipes: Text.optional(),
  /** Rows that have a binary and are part of an environment. */
  environments: z.array(z.strictObject({ name: Text, rows: Places })),
  rows: z.strictObject({
    /** Index into `names` of the package index. */
    package: Places,
    /** Index into `versions` of the package index. */
    version: PlacesOrNone,
    /** Index into `targets` of the package index. */
    target: PlacesOrNone,
    system: PlacesOrNone,
    compilerSet: PlacesOrNone,
    variantSet: PlacesOrNone,
    libc: PlacesOrNone,
    month: Places,
    /** Bytes of the tarball, rounded to three digits; 0: there is none. */
    size: Places,
    /** Index into `BUILD_STATES`. */
    state: Places,
    /** Index into `freshness`. Empty: nothing was compared. */
    freshness: PlacesOrNone,
  }),
});
export type BuildIndex = z.infer<typeof BuildIndex>;

/**
 * `/data/hashes/<n>.json.gz`: DAG hashes (for failures, file names) of the rows from `n * HASHES_PER_FILE` on.
 */
export const HashList = Texts;
export type HashList = z.infer<typeof HashList>;
