import { z } from 'zod';
import { Link } from './link.ts';

/** `/api/index.json`: what there is, and where. */
export const IndexDocument = z.strictObject({
  /** Version of this API: fields may be added within it, none changes or goes. */
  version: z.literal(1),
  /** A name for this cache, as commands on the site use it. */
  name: z.string(),
  /** Address of the mirror for `spack mirror add`, and of the site. */
  url: Link,
  /** Whether a public key lies in the cache; without one, add the mirror with `--unsigned`. */
  signed: z.boolean(),
  /** The registry with the images, `host/path`. Absent: it is not public. */
  registry: z.string().optional(),
  counts: z.strictObject({
    packages: z.number().int().nonnegative(),
    builds: z.number().int().nonnegative(),
    /** Builds that the site serves with all that they need at run time; the registry has all. */
    buildsOnSite: z.number().int().nonnegative(),
    targets: z.number().int().nonnegative(),
    keys: z.number().int().nonnegative(),
  }),
  /** Bytes of all tarballs. */
  size: z.number().int().nonnegative(),
  /** When the newest build was published: UTC, whole seconds. Absent: there is none. */
  updated: z.iso.datetime({ precision: 0 }).optional(),
  links: z.strictObject({
    packages: Link,
    targets: Link,
    keys: Link,
    views: Link,
    /** Put a package's name for `{name}`. */
    package: z.string(),
    /** Put a DAG hash for `{hash}`. */
    spec: z.string(),
  }),
});
export type IndexDocument = z.infer<typeof IndexDocument>;
