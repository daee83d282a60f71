import { z } from 'zod';
import { Origin } from '../build.ts';
import { Count, Moment, Text } from '../values.ts';

/** Parts of a cache that have to agree. */
export const Subject = z.enum(['catalog', 'registry', 'site', 'spack']);
export type Subject = z.infer<typeof Subject>;

/** A disagreement. */
export const Finding = z.strictObject({
  code: Text.regex(/^[a-z]+(-[a-z]+)*$/).describe(
    'What kind of disagreement it is: a short name that stays, such as `image-missing`.',
  ),
  severity: z
    .enum(['problem', 'warning'])
    .describe('`problem`: a client may fail. `warning`: nobody does yet.'),
  subject: Subject.describe('Where it was found.'),
  where: Text.max(1_000).describe('The file, tag or address.'),
  expected: Text.max(2_000).describe('What should be there.'),
  found: Text.max(2_000).describe('What is there.'),
  advice: Text.max(2_000).describe('What to do about it.'),
  fixed: z.literal(true).optional().describe('`--fix` has put it right. Absent: it is still so.'),
});
export type Finding = z.infer<typeof Finding>;

/** A check, and how much it covered. */
export const HealthCheck = z.strictObject({
  subject: Subject.describe('Where it was looked at.'),
  name: Text.max(100).describe('What was compared, for people.'),
  checked: Count.describe('How many were looked at.'),
  total: Count.describe('How many there are; more than were looked at: the others come another time.'),
  note: Text.max(500).optional().describe('Why it was not done, or not whole. Absent: all was looked at.'),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

/** `checks/doctor.json`: findings of the last run of doctor. */
export const Health = z.strictObject({
  date: Moment.describe('When: UTC, whole seconds.'),
  run: Origin.shape.run,
  commit: Origin.shape.commit,
  deep: z.boolean().describe('Whether every byte was downloaded and hashed.'),
  problems: Count.describe('Number of problems that are not fixed.'),
  warnings: Count.describe('Number of warnings that are not fixed.'),
  checks: z.array(HealthCheck).describe('What was looked at.'),
  findings: z.array(Finding).max(200).describe('Disagreements, problems first; of very many the first 200.'),
});
export type Health = z.infer<typeof Health>;
