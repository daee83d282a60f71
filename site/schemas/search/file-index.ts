import { z } from 'zod';

const Places = z.array(z.number().int().nonnegative());

/** `/data/files.json`: which programs and libraries builds ship. */
export const FileIndex = z.strictObject({
  /** Programs first, then libraries, each sorted. */
  names: z.array(z.string()),
  /** How many of the names are programs. */
  programs: z.number().int().nonnegative(),
  /**
   * Sets of files that builds ship: places in `names`, ascending, each as its distance from the one before.
   * The first set is empty.
   */
  sets: z.array(Places),
  /** The set of each row of `/data/builds.json`. */
  rows: Places,
});
export type FileIndex = z.infer<typeof FileIndex>;
