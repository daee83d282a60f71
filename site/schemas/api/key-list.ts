import { z } from 'zod';
import { Link } from './link.ts';

/** `/api/keys.json`: the public keys that signatures here are made with. Empty: the cache is not signed. */
export const KeyList = z.strictObject({
  keys: z.array(
    z.strictObject({
      /** 40 upper-case hex digits. */
      fingerprint: z.string(),
      /** The key as an armored file. */
      url: Link,
    }),
  ),
  links: z.strictObject({ index: Link }),
});
export type KeyList = z.infer<typeof KeyList>;
