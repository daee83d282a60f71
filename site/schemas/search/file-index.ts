import { z } from 'zod';
import { Count, Texts } from '../values.ts';

const Places = z.array(Count);

/** `/data/files.json.gz`: programs and libraries of the builds. */
export const FileIndex = z.strictObject({
  /** Programs first, then libraries, each sorted. */
  names: Texts,
  /** Number of programs among the names. */
  programs: Count,
  /**
   * Sets of files in builds: ascending indexes into `names`, each as the difference from the one before.
   * The first set is empty.
   */
  sets: z.array(Places),
  /** The set of each row of `/data/builds.json.gz`. */
  rows: Places,
});
export type FileIndex = z.infer<typeof FileIndex>;
