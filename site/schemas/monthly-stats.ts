import { z } from 'zod';
import { Count, Month } from './values.ts';

/** `stats/<yyyy-mm>.json`: what one month's runs brought. */
export const MonthlyStats = z.strictObject({
  month: Month,
  builds: Count,
  failures: Count,
});
export type MonthlyStats = z.infer<typeof MonthlyStats>;
