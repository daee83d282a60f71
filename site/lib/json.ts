import type { z } from 'zod';
import { refuseDeepJson } from './spack/node-text.ts';

/** Description of a JSON text for error messages. */
export interface JsonSource {
  /** File or variable with the text. */
  where: string;
  /**
   * Expected content: `a spack.lock as Spack 1.0 or newer writes it`. Absent: the schema's message is enough.
   */
  expected?: string;
  /** Advice: `restore the file from git`. */
  advice: string;
  /** Whether to refuse what is deeper or has more values than any data of Spack, before it fills the memory. */
  isForeign?: boolean;
}

/** Maximum length of a message, in characters: it may list a million keys that a schema does not know. */
const MESSAGE_LIMIT = 1_000;

/**
 * Parses JSON with a schema. Errors say where, what was
 * expected, what was found and where in it, and what to do.
 */
export function parseJson<T>(text: string, schema: z.ZodType<T>, source: JsonSource): T {
  return checkShape(parseText(text, source), schema, source);
}

/** Checks an already parsed value, like `parseJson`. */
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

/**
 * Parses optional information from an untrusted text. Undefined: it is not JSON, is deeper or has more values
 * than any data of Spack, or does not fit the schema.
 */
export function tryJson<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    refuseDeepJson(text);
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function parseText(text: string, { where, expected, advice, isForeign }: JsonSource): unknown {
  try {
    if (isForeign) refuseDeepJson(text);
    return JSON.parse(text);
  } catch (cause) {
    const what = expected === undefined ? 'JSON' : `${expected}, found text that is not JSON`;
    throw new Error(`${where}: expected ${what}; ${advice}`, { cause });
  }
}

/** Formats a value for a JSON file of the catalog: indented, with a final newline. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
