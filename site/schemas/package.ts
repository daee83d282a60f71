import { z } from 'zod';
import { PackageName } from './node.ts';

/** `packages/<name>.json`: what Spack knows of a package. The newest packages commit wins. */
export const Package = z.strictObject({
  name: PackageName,
  /** One paragraph. */
  description: z.string(),
  homepage: z.url({ protocol: /^https?$/ }).optional(),
  /** SPDX expressions. */
  licenses: z.array(z.string()),
  /** GitHub user names. */
  maintainers: z.array(z.string()),
  /** Spack's own package tags, such as `e4s`. */
  tags: z.array(z.string()),
  /** Commit of spack-packages this was read from, and its date (UTC, whole seconds). */
  commit: z.string().optional(),
  commitDate: z.iso.datetime({ precision: 0 }).optional(),
});
export type Package = z.infer<typeof Package>;
