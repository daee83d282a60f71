import { z } from 'zod';
import { Origin } from '../build.ts';
import { Count, Moment, Text } from '../values.ts';

/** Parts of a cache that have to agree. */
export const Subject = z.enum(['catalog', 'registry', 'site', 'spack']);
export type Subject = z.infer<typeof Subject>;

/** A disagreement. */
export const Finding = z.strictObject({
  code: Text.regex(/^[a-z]+(-[a-z]+)*$/).describe(
    'Kind of disagreement: a short, stable name, such as `image-missing`.',
  ),
  severity: z
    .enum(['problem', 'warning'])
    .describe('`problem`: a client may fail. `warning`: no client fails yet.'),
  subject: Subject.describe('Where it was found.'),
  where: Text.max(1_000).describe('The file, tag or address.'),
  expected: Text.max(2_000).describe('What was expected.'),
  found: Text.max(2_000).describe('What was found.'),
  advice: Text.max(2_000).describe('What to do about it.'),
  fixed: z.literal(true).optional().describe('Repaired by `--fix`. Absent: it still exists.'),
});
export type Finding = z.infer<typeof Finding>;

/** A check, and how much it covered. */
export const HealthCheck = z.strictObject({
  subject: Subject.describe('Part of the cache that was checked.'),
  name: Text.max(100).describe('What was compared, for people.'),
  checked: Count.describe('Number of items that were checked.'),
  total: Count.describe(
    'Number of items in total. If it is larger than `checked`, a later run checks the others.',
  ),
  note: Text.max(500)
    .optional()
    .describe('Why it was skipped or is incomplete. Absent: everything was checked.'),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

/** `checks/doctor.json`: findings of the last run of doctor. */
export const Health = z.strictObject({
  date: Moment.describe('When doctor ran: UTC, whole seconds.'),
  run: Origin.shape.run,
  commit: Origin.shape.commit,
  deep: z.boolean().describe('Whether every byte was downloaded and hashed.'),
  problems: Count.describe('Number of problems that were not repaired.'),
  warnings: Count.describe('Number of warnings that were not repaired.'),
  checks: z.array(HealthCheck).describe('Checks that were made.'),
  findings: z.array(Finding).max(200).describe('Disagreements, problems first; at most 200.'),
});
export type Health = z.infer<typeof Health>;
