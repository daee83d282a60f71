/**
 * Control characters, DEL, C1 controls, zero-width and bidirectional marks, line and paragraph separators, byte order
 * marks and halves of characters: invisible in a terminal, a log and a page, or a command to it.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
const EACH_UNSAFE = new RegExp(UNSAFE.source, 'gu');

/** Whether text can be shown in a terminal, a log and a page as it is: it is one line of visible characters. */
export function isSafeText(text: string): boolean {
  return !UNSAFE.test(text);
}

/** Text with every unsafe character written as `\uXXXX`, but for those in `kept`, such as line ends. */
export function escapeUnsafe(text: string, kept = ''): string {
  return text.replaceAll(EACH_UNSAFE, (unit) =>
    kept.includes(unit) ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
