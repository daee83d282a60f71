import { z } from 'zod';
import { Count, Month } from './values.ts';

/** `stats/<yyyy-mm>.json`: results of one month's runs. */
export const MonthlyStats = z.strictObject({
  month: Month,
  builds: Count,
  failures: Count,
});
export type MonthlyStats = z.infer<typeof MonthlyStats>;
