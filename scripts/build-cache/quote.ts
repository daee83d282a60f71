/** Characters of outside text that a message shows. */
const QUOTE_LIMIT_CHARACTERS = 160;

/** Text from outside as a message may show it: in quotes, on one line, cut when long. */
export function quote(text: string): string {
  const shown = text.length > QUOTE_LIMIT_CHARACTERS ? `${text.slice(0, QUOTE_LIMIT_CHARACTERS)}…` : text;
  // JSON.stringify leaves DEL, the C1 controls and the Unicode line ends as they are; terminals do not.
  return JSON.stringify(shown).replaceAll(
    /[\x7f-\x9f\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** An error with the file it is about in front and what to do behind; the error itself stays its cause. */
export function refusal(where: string, cause: unknown, advice: string): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${where}: ${message}; ${advice}`, { cause });
}
