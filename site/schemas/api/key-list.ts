import type { z } from 'zod';
import { Link, ListLinks, apiDocument, listOf } from './link.ts';
import { Text } from '../values.ts';

/** `/api/keys.json`: public keys for checking the signatures of this cache. */
export const KeyList = apiDocument('Public keys for checking the signatures of this cache.', {
  keys: listOf({
    fingerprint: Text.describe('40 upper-case hex digits.'),
    url: Link.describe('The key as an armored file.'),
  }).describe('Empty: the cache is not signed.'),
  links: ListLinks,
});
export type KeyList = z.infer<typeof KeyList>;
