import type { z } from 'zod';
import { Texts } from '../values.ts';

/**
 * `/data/words.json`: the words of each package's description that its part in `/data/packages.json` lacks, in lower
 * case and in their order, joined by spaces; at the same places as there. Words that every text has are left out.
 */
export const WordIndex = Texts;
export type WordIndex = z.infer<typeof WordIndex>;
