import { z } from 'zod';
import { PackageName } from './node.ts';
import { Moment, Text, Texts } from './values.ts';

/** A version that a recipe advises against. */
export const Deprecation = z.strictObject({
  version: Text.min(1).max(100).describe('The version.'),
  since: Text.max(100).describe(
    'The recipes in which this cache first saw it deprecated: a release (`v2026.06.0`) or a commit.',
  ),
  seen: Moment.describe('When this cache first saw it deprecated: UTC, whole seconds.'),
  reason: Text.max(1_000).optional().describe("Reason, in the recipe's words. Absent: it gives none."),
  severity: Text.max(100).optional().describe("Severity, in the recipe's words. Absent: it gives none."),
  cves: z
    .array(Text.regex(/^CVE-\d{4}-\d{4,19}$/))
    .max(200)
    .describe('CVE ids that the recipe mentions next to the version, sorted.'),
});
export type Deprecation = z.infer<typeof Deprecation>;

/** `packages/<name>.json`: Spack's metadata of a package, from the newest recipes that were read. */
export const Package = z.strictObject({
  name: PackageName.describe('The package.'),
  description: Text.describe('Description in one paragraph.'),
  homepage: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Home page. Absent: not known.'),
  licenses: Texts.describe('SPDX expressions.'),
  maintainers: Texts.describe('GitHub user names.'),
  tags: Texts.describe("Spack's own package tags, such as `e4s`."),
  commit: Text.optional().describe('Commit of spack-packages that this was read from.'),
  commitDate: Moment.optional().describe('Date of that commit: UTC, whole seconds.'),
  deprecated: z
    .array(Deprecation)
    .max(1_000)
    .optional()
    .describe(
      'Versions that are deprecated in the newest recipes read so far; new builds avoid them. Absent: none, or not looked up yet.',
    ),
});
export type Package = z.infer<typeof Package>;
