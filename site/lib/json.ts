import type { z } from 'zod';

/** How an error names a text that is read as JSON. */
export interface JsonSource {
  /** The file or variable that the text is from. */
  where: string;
  /** What it should be: `a spack.lock as Spack 1.0 or newer writes it`. Absent: the schema's message says enough. */
  expected?: string;
  /** What to do about it: `restore the file from git`. */
  advice: string;
}

/** In characters: a message may name each of a million keys that a schema does not know. */
const MESSAGE_LIMIT = 1_000;

/** Parses JSON with a schema. An error says where, what was expected, what was found at which place, and what to do. */
export function parseJson<T>(text: string, schema: z.ZodType<T>, source: JsonSource): T {
  return checkShape(parseText(text, source), schema, source);
}

/** What `parseJson` does with a value that was parsed before. */
export function checkShape<T>(
  value: unknown,
  schema: z.ZodType<T>,
  { where, expected, advice }: JsonSource,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.join('.');
  const problem = expected
    ? `expected ${expected}, found ${place ? `at "${place}"` : 'this'}: `
    : place && `${place}: `;
  throw new Error(`${where}: ${problem}${issue?.message.slice(0, MESSAGE_LIMIT)}; ${advice}`);
}

/** What a text says that may be anything, and that nothing rests on; undefined where it does not fit the schema. */
export function tryJson<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function parseText(text: string, { where, expected, advice }: JsonSource): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const what = expected === undefined ? 'JSON' : `${expected}, found text that is not JSON`;
    throw new Error(`${where}: expected ${what}; ${advice}`, { cause });
  }
}

/** Formats a value as the catalog's JSON files are written: indented, with a final newline. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
