import type { z } from 'zod';
import { Health } from '../../checks/health.ts';
import { ListLinks, apiDocument } from '../link.ts';

/** `/api/health.json`: whether catalog, registry and site agreed when they were last compared. */
export const HealthDocument = apiDocument(
  'Whether catalog, registry and site agreed when they were last compared.',
  {
    last: Health.optional().describe('The last comparison. Absent: there was none yet.'),
    links: ListLinks,
  },
);
export type HealthDocument = z.infer<typeof HealthDocument>;
