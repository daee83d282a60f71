import type { z } from 'zod';

/** Parses a catalog file's text; an error names the file, the place in it, what is wrong there and what to do. */
export function parseEntry<Shape>(text: string, schema: z.ZodType<Shape>, where: string): Shape {
  const result = schema.safeParse(parseJson(text, where));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  throw new Error(`${where}: ${place}${issue?.message}; restore the file from git`);
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where}: expected JSON; restore the file from git`, { cause });
  }
}
