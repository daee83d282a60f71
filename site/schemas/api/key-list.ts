import { z } from 'zod';
import { Link, ListLinks, SchemaLink } from './link.ts';

/** `/api/keys.json`: the public keys that signatures here are made with. */
export const KeyList = z
  .strictObject({
    schema: SchemaLink,
    keys: z
      .array(
        z.strictObject({
          fingerprint: z.string().describe('40 upper-case hex digits.'),
          url: Link.describe('The key as an armored file.'),
        }),
      )
      .describe('Empty: the cache is not signed.'),
    links: ListLinks.describe('Related documents.'),
  })
  .describe('The public keys that signatures here are made with.');
export type KeyList = z.infer<typeof KeyList>;
