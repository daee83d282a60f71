import { escapeUnsafe } from '../../site/schemas/safe-text.ts';

/** Characters of outside text that a message shows. */
const QUOTE_LIMIT_CHARACTERS = 160;

/** Text from outside as a message may show it: in quotes, on one line, cut when long. */
export function quote(text: string): string {
  const shown = text.length > QUOTE_LIMIT_CHARACTERS ? `${text.slice(0, QUOTE_LIMIT_CHARACTERS)}…` : text;
  // JSON.stringify leaves many characters as they are that terminals do not show.
  return escapeUnsafe(JSON.stringify(shown));
}

/** An error with the file it is about in front and what to do behind; the error itself stays its cause. */
export function refusal(where: string, cause: unknown, advice: string): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${where}: ${message}; ${advice}`, { cause });
}
