import { z } from 'zod';
import { PackageName } from './node.ts';

/** `packages/<name>.json`: what Spack knows of a package. The newest packages commit wins. */
export const Package = z.strictObject({
  name: PackageName.describe('The package.'),
  description: z.string().describe('One paragraph.'),
  homepage: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where it lives. Absent: not known.'),
  licenses: z.array(z.string()).describe('SPDX expressions.'),
  maintainers: z.array(z.string()).describe('GitHub user names.'),
  tags: z.array(z.string()).describe("Spack's own package tags, such as `e4s`."),
  commit: z
    .string()
    .optional()
    .describe('Commit of spack-packages this was read from, and its date (UTC, whole seconds).'),
  commitDate: z.iso
    .datetime({ precision: 0 })
    .optional()
    .describe('Date of that commit: UTC, whole seconds.'),
});
export type Package = z.infer<typeof Package>;
