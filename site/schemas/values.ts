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
    .transform((list, context): z.output<Entry>[] =>
      list.length > most ? refuseMore(context, most) : readEach(list.entries(), entry, context),
    );
}

/**
 * An object from outside with any keys, checked like a list from outside: `z.record` took 1.8 GB for 16 MiB.
 */
export function foreignRecord<Key extends string, Entry extends z.ZodType>(
  key: z.ZodType<Key>,
  entry: Entry,
  most = MOST,
) {
  return z.custom<object>(isObject, 'expected an object').transform((record, context) => {
    const names = Object.keys(record);
    if (names.length > most) return refuseMore(context, most);
    const keys = readEach(names.entries(), key, context);
    const values = readEach(Object.entries(record), entry, context);
    return Object.fromEntries(keys.map((name, at) => [name, values[at]])) as Record<Key, z.output<Entry>>;
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readEach<Entry extends z.ZodType>(
  values: Iterable<[PropertyKey, unknown]>,
  entry: Entry,
  context: z.RefinementCtx,
): z.output<Entry>[] {
  const read: z.output<Entry>[] = [];
  for (const [at, value] of values) {
    const result = entry.safeParse(value);
    if (result.success) read.push(result.data);
    else
      return refuse(context, result.error.issues[0]?.message ?? '', [
        at,
        ...(result.error.issues[0]?.path ?? []),
      ]);
  }
  return read;
}

function refuseMore(context: z.RefinementCtx, most: number): never {
  return refuse(context, `expected at most ${most} entries`, [most]);
}

function refuse(context: z.RefinementCtx, message: string, path: PropertyKey[]): never {
  context.addIssue({ code: 'custom', message, path });
  return z.NEVER;
}
