import { z } from 'zod';

/** Full address of another file or page of this site. */
export const Link = z.url();
export type Link = z.infer<typeof Link>;

/** A moment: UTC, whole seconds, `2026-11-23T07:40:00Z`. */
export const Moment = z.iso.datetime({ precision: 0 });

/** How many of something, or bytes. */
export const Count = z.number().int().nonnegative();

/** A month: `2026-11`. */
export const Month = z.string().regex(/^\d{4}-\d{2}$/, 'expected yyyy-mm');

/** What every document begins with. */
export const SchemaLink = Link.describe("Address of this document's JSON Schema.");

/** The link back that every list has. */
export const ListLinks = z.strictObject({ index: Link.describe('The index of this API.') });

/** Where a build can be had. */
export const State = z.enum(['site', 'registry']);
export type State = z.infer<typeof State>;

export const STATE_TEXT =
  '`site`: from this site, with all that it needs at run time, and from the registry. `registry`: from the registry alone.';
