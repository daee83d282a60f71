import { z } from 'zod';

/** Any text. Each field has its own rules for it. */
export const Text = z.string();

/** A list of texts, in the order in which they were written. */
export const Texts = z.array(Text);

/** A number of things or bytes. */
export const Count = z.int().nonnegative();

/** A moment: UTC, whole seconds, `2026-11-23T07:40:00Z`. */
export const Moment = z.iso.datetime({ precision: 0 });

/** A month: `2026-11`. */
export const Month = z.string().regex(/^\d{4}-\d{2}$/, 'expected yyyy-mm');

/** Maximum number of entries in a list from outside. */
const MOST = 500_000;

/**
 * A list from outside, checked up to the first invalid entry. `z.array` would keep an issue
 * for each: 32 MiB of invalid entries took 1.6 GB, a bill of materials of 15 MiB ended the process.
 */
export function foreignList<Entry extends z.ZodType>(entry: Entry, most = MOST) {
  return z
    .custom<unknown[]>(Array.isArray, 'expected a list')
    .transform((list, context): z.output<Entry>[] => {
      const read: z.output<Entry>[] = [];
      const refuse = (message: string, path: PropertyKey[]): z.output<Entry>[] => {
        context.addIssue({ code: 'custom', message, path });
        return z.NEVER;
      };
      if (list.length > most) return refuse(`expected at most ${most} entries`, [most]);
      for (const [at, value] of list.entries()) {
        const result = entry.safeParse(value);
        const [issue] = result.error?.issues ?? [];
        if (issue) return refuse(issue.message, [at, ...issue.path]);
        if (result.success) read.push(result.data);
      }
      return read;
    });
}
