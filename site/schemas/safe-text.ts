/**
 * Control characters, DEL, C1 controls, zero-width and bidirectional marks, line and paragraph separators, byte order
 * marks and lone surrogates: they are invisible in terminals, logs and pages, or control them.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
const EACH_UNSAFE = new RegExp(UNSAFE.source, 'gu');

/** Whether text is one line of visible characters, safe to show unchanged in a terminal, a log or a page. */
export function isSafeText(text: string): boolean {
  return !UNSAFE.test(text);
}

/** Text with every unsafe character written as `\uXXXX`, except those in `kept`, such as line ends. */
export function escapeUnsafe(text: string, kept = ''): string {
  return text.replaceAll(EACH_UNSAFE, (unit) =>
    kept.includes(unit) ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Looks up an untrusted name in a table. Undefined: the table does not have it. `table[name]` would also find
 * `constructor`, `toString` and other properties that every object inherits.
 */
export function ownValue<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
