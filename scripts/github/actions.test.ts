import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { addSummary, escapeMarkdown, setOutput } from './actions.ts';

afterEach(() => vi.unstubAllEnvs());

test('keeps a value with line breaks in one output', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'job-')), 'output');
  vi.stubEnv('GITHUB_OUTPUT', file);
  setOutput('matrix', 'a\nplan=evil\nEOF');
  const [first, ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const delimiter = first?.slice('matrix<<'.length);
  expect(first).toMatch(/^matrix<<end-/);
  expect(rest).toEqual(['a', 'plan=evil', 'EOF', delimiter]);
});

test('ends a summary before GitHub would drop it, and reports that once', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'job-')), 'summary');
  vi.stubEnv('GITHUB_STEP_SUMMARY', file);
  const line = 'é'.repeat(50_000);
  addSummary(Array.from({ length: 30 }, () => line).join('\n'));
  addSummary('more');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(2 ** 20);
  expect(lines.filter((each) => each === line)).toHaveLength(10);
  expect(lines.slice(10)).toEqual(['', 'The rest is too long for a summary: see the log.']);
});

test('shows what others wrote as text, not as Markdown or HTML', () => {
  expect(escapeMarkdown('[x](http://e) <img> `\n@team')).not.toMatch(/[[\]()<>`@\n]/);
});
