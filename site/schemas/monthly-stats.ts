import { z } from 'zod';

/** `stats/<yyyy-mm>.json`: what one month's runs brought. */
export const MonthlyStats = z.strictObject({
  month: z.string().regex(/^\d{4}-\d{2}$/),
  builds: z.number().int().nonnegative(),
  failures: z.number().int().nonnegative(),
});
export type MonthlyStats = z.infer<typeof MonthlyStats>;
