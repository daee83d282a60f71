import { expect, test } from 'vitest';
import { addTallies, countTests } from './report.ts';

test('counts tests by outcome, skipped and todo alike', () => {
  const report = reportOf(['passed', ['passed', 'passed', 'skipped', 'todo', 'pending']]);
  expect(countTests(report, 0)).toEqual({ passed: 2, failed: 0, skipped: 3 });
});

test('counts a file that failed before its tests ran', () => {
  const report = reportOf(
    ['failed', []],
    ['failed', ['skipped', 'skipped']],
    ['failed', ['failed', 'failed']],
  );
  expect(countTests(report, 1)).toEqual({ passed: 0, failed: 4, skipped: 2 });
});

test('never treats a failed run as successful', () => {
  expect(countTests(reportOf(['passed', ['passed']]), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('adds up', () => {
  const one = { passed: 1, failed: 2, skipped: 3 };
  expect(addTallies([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6 });
});

function reportOf(...files: [string, string[]][]): string {
  const testResults = files.map(([status, statuses]) => ({
    status,
    assertionResults: statuses.map((each) => ({ status: each })),
  }));
  return JSON.stringify({ testResults });
}
