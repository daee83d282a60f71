import { z } from 'zod';
import { Count, Texts } from '../values.ts';

const Places = z.array(Count);

/** `/data/files.json`: which programs and libraries builds ship. */
export const FileIndex = z.strictObject({
  /** Programs first, then libraries, each sorted. */
  names: Texts,
  /** How many of the names are programs. */
  programs: Count,
  /**
   * Sets of files that builds ship: places in `names`, ascending, each as its distance from the one before.
   * The first set is empty.
   */
  sets: z.array(Places),
  /** The set of each row of `/data/builds.json`. */
  rows: Places,
});
export type FileIndex = z.infer<typeof FileIndex>;
