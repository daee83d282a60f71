import { z } from 'zod';

/** Full address of another file or page of this site. */
export const Link = z.url();
export type Link = z.infer<typeof Link>;

/** Where a build can be had. */
export const State = z.enum([
  /** From this site, with all that it needs at run time, and from the registry. */
  'site',
  /** From the registry alone. */
  'registry',
]);
export type State = z.infer<typeof State>;
