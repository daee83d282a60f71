import { z } from 'zod';
import { Link } from './link.ts';

/** `/api/targets.json`: what the builds are for, the most common first. */
export const TargetList = z.strictObject({
  targets: z.array(
    z.strictObject({
      /** A microarchitecture in archspec's words. */
      name: z.string(),
      /** Number of builds. */
      builds: z.number().int().positive(),
    }),
  ),
  links: z.strictObject({ index: Link }),
});
export type TargetList = z.infer<typeof TargetList>;
