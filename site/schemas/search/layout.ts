/** Constants of the search's data files. This file does not import zod, so that browsers need not load it. */

/** Places of a build; data files have the index into this list. */
export const BUILD_STATES = ['site', 'registry', 'failed'] as const;

/** Number of rows per file in `/data/hashes/`. */
export const HASHES_PER_FILE = 1_000;
