import { z } from 'zod';

/** Numbers of tests that passed, failed and were skipped. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of vitest's JSON report that is read. */
const VitestReport = z.object({
  testResults: z.array(
    z.object({
      /** Also `failed` when a hook or an import failed, but no test. */
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/**
 * Counts the tests in a vitest report. A file that failed outside of its tests counts as one failure, and so
 * does a run that failed in no file.
 */
export function countTests(reportText: string, exitCode: number): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const file of VitestReport.parse(JSON.parse(reportText)).testResults) {
    const statuses = file.assertionResults.map(({ status }) => status);
    tally.passed += statuses.filter((status) => status === 'passed').length;
    const failed = statuses.filter((status) => status === 'failed').length;
    tally.failed += file.status === 'failed' ? Math.max(failed, 1) : failed;
    tally.skipped += statuses.filter((status) => status !== 'passed' && status !== 'failed').length;
  }
  if (exitCode !== 0 && tally.failed === 0) tally.failed = 1;
  return tally;
}

export function addTallies(tallies: Tally[]): Tally {
  return tallies.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}
