import { z } from 'zod';
import { Link } from './link.ts';

/** `/api/views.json`: the mirror's named indexes, for clients from Spack 1.2 on (`spack mirror set --view`). */
export const ViewList = z.strictObject({
  views: z.array(
    z.strictObject({
      name: z.string(),
      /** Number of builds in it. */
      builds: z.number().int().nonnegative(),
    }),
  ),
  links: z.strictObject({ index: Link }),
});
export type ViewList = z.infer<typeof ViewList>;
