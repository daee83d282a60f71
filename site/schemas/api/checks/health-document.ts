import { z } from 'zod';
import { Health } from '../../checks/health.ts';
import { ListLinks, SchemaLink } from '../link.ts';

/** `/api/health.json`: whether catalog, registry and site agreed when they were last compared. */
export const HealthDocument = z
  .strictObject({
    schema: SchemaLink,
    last: Health.optional().describe('The last comparison. Absent: there was none yet.'),
    links: ListLinks.describe('Where to go on.'),
  })
  .describe('Whether catalog, registry and site agreed when they were last compared.');
export type HealthDocument = z.infer<typeof HealthDocument>;
