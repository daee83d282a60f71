import { z } from 'zod';

/**
 * `/data/words.json`: the words of each package's description that its part in `/data/packages.json` lacks, in lower
 * case and in their order, joined by spaces; at the same places as there. Words that every text has are left out.
 */
export const WordIndex = z.array(z.string());
export type WordIndex = z.infer<typeof WordIndex>;
