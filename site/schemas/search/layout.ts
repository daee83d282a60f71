/** What the search's data files and their readers agree on; without zod, which browsers need not load. */

/** Where a build is; the place in this list is its number. */
export const BUILD_STATES = ['site', 'registry', 'failed'] as const;

/** How many rows' hashes one file of `/data/hashes/` has. */
export const HASHES_PER_FILE = 1_000;
