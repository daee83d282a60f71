import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { addSummary, escapeMarkdown, setOutput } from './job.ts';

afterEach(() => vi.unstubAllEnvs());

test('keeps a value with line breaks one output', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'job-')), 'output');
  vi.stubEnv('GITHUB_OUTPUT', file);
  setOutput('matrix', 'a\nplan=evil\nEOF');
  const [first, ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const delimiter = first?.slice('matrix<<'.length);
  expect(first).toMatch(/^matrix<<end-/);
  expect(rest).toEqual(['a', 'plan=evil', 'EOF', delimiter]);
});

test('ends a summary before GitHub would drop it, and says so once', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'job-')), 'summary');
  vi.stubEnv('GITHUB_STEP_SUMMARY', file);
  for (let count = 0; count < 30; count += 1) addSummary('x'.repeat(50_000));
  const summary = readFileSync(file, 'utf8');
  expect(Buffer.byteLength(summary)).toBeLessThan(2 ** 20);
  expect(summary.match(/too long/g)).toHaveLength(1);
});

test('shows what others wrote as text, not as Markdown or HTML', () => {
  expect(escapeMarkdown('[x](http://e) <img> `\n@team')).not.toMatch(/[[\]()<>`@\n]/);
});
