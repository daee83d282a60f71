import { escapeUnsafe } from '../../site/schemas/safe-text.ts';

/** Number of characters of outside text that a message shows. */
const QUOTE_LIMIT_CHARACTERS = 160;

/** Outside text for a message: in quotes, on one line, truncated when long. */
export function quote(text: string): string {
  const shown = text.length > QUOTE_LIMIT_CHARACTERS ? `${text.slice(0, QUOTE_LIMIT_CHARACTERS)}…` : text;
  // JSON.stringify leaves many unprintable characters unescaped.
  return escapeUnsafe(JSON.stringify(shown));
}

/** An error whose message names the file first and says last what to do; keeps the original as its cause. */
export function refusal(where: string, cause: unknown, advice: string): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${where}: ${message}; ${advice}`, { cause });
}
