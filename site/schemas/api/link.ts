import { z } from 'zod';

/** Full address of another file or page on this site. */
export const Link = z.url();

/** A document of the API with the given fields. */
export function apiDocument<Fields extends z.ZodRawShape>(description: string, fields: Fields) {
  const schema = Link.describe("Address of this document's JSON Schema.");
  return z.strictObject({ schema, ...fields }).describe(description);
}

/** A list of objects with the given fields. */
export function listOf<Fields extends z.ZodRawShape>(fields: Fields) {
  return z.array(z.strictObject(fields));
}

/** Links of a document, or of an object in it. */
export function linksTo<Fields extends z.ZodRawShape>(links: Fields) {
  return z.strictObject(links).describe('Related documents.');
}

/** The link back that every list has. */
export const ListLinks = linksTo({ index: Link.describe('The index of this API.') });

/** Place where a build is available. */
export const State = z.enum(['site', 'registry']);

export const STATE_TEXT =
  '`site`: available from this site, with all its run-time dependencies, and from the registry. `registry`: only from the registry.';
