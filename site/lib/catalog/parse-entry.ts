import type { z } from 'zod';
import { parseJson } from '../json.ts';

/** Parses a catalog file's text; an error names the file, the place in it, what is wrong there and what to do. */
export function parseEntry<Shape>(text: string, schema: z.ZodType<Shape>, where: string): Shape {
  return parseJson(text, schema, { where, advice: 'restore the file from git' });
}
