import { z } from 'zod';
import { Text } from '../values.ts';

/** `/api/badges/<name>.json`: a badge in the format of shields.io. Source: https://shields.io/badges/endpoint-badge */
export const Badge = z
  .strictObject({
    schemaVersion: z.literal(1).describe("Version of shields.io's format."),
    label: Text.min(1).describe('Text on the left.'),
    message: Text.min(1).describe('Text on the right.'),
    color: Text.describe('Colour on the right.'),
  })
  .describe(
    'A badge for a README, drawn by `https://img.shields.io/endpoint?url=…`: of a package, of an environment, or of the whole cache. shields.io allows no further fields, so it has no links.',
  );
export type Badge = z.infer<typeof Badge>;
