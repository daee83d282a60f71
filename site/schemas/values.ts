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
