import type { z } from 'zod';
import { Texts } from '../values.ts';

/**
 * `/data/words.json.gz`: for each package, at the same index as in `/data/packages.json.gz`, the words of its
 * description that are not there, in lower case and in order, joined by spaces. Words that every text has are
 * left out.
 */
export const WordIndex = Texts;
export type WordIndex = z.infer<typeof WordIndex>;
