import { z } from 'zod';
import { PackageName } from './node.ts';
import { Moment, Text, Texts } from './values.ts';

/** A version that a recipe advises against. */
export const Deprecation = z.strictObject({
  version: Text.min(1).max(100).describe('The version.'),
  since: Text.max(100).describe(
    'The recipes in which this cache first saw it marked: a release (`v2026.06.0`) or a commit.',
  ),
  seen: Moment.describe('When this cache first saw that: UTC, whole seconds.'),
  reason: Text.max(1_000).optional().describe("Why, in the recipe's words. Absent: it does not say."),
  severity: Text.max(100).optional().describe('How severe, in its words. Absent: it does not say.'),
  cves: z
    .array(Text.regex(/^CVE-\d{4}-\d{4,19}$/))
    .max(200)
    .describe('CVE ids that the recipe names beside the version, sorted.'),
});
export type Deprecation = z.infer<typeof Deprecation>;

/** `packages/<name>.json`: Spack's metadata of a package, from the newest recipes that were read. */
export const Package = z.strictObject({
  name: PackageName.describe('The package.'),
  description: Text.describe('One paragraph.'),
  homepage: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where it lives. Absent: not known.'),
  licenses: Texts.describe('SPDX expressions.'),
  maintainers: Texts.describe('GitHub user names.'),
  tags: Texts.describe("Spack's own package tags, such as `e4s`."),
  commit: Text.optional().describe(
    'Commit of spack-packages this was read from, and its date (UTC, whole seconds).',
  ),
  commitDate: Moment.optional().describe('Date of that commit: UTC, whole seconds.'),
  deprecated: z
    .array(Deprecation)
    .max(1_000)
    .optional()
    .describe(
      'Versions that the newest recipes that were read mark deprecated: new builds avoid them. Absent: none, or not looked for yet.',
    ),
});
export type Package = z.infer<typeof Package>;
