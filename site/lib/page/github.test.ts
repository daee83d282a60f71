import { expect, test } from 'vitest';
import { reportUrl } from './github.ts';
import type { CatalogFailure } from '../catalog/site-catalog.ts';

const failure: CatalogFailure = {
  id: 'zlib/1-2',
  name: 'zlib',
  spec: 'zlib@1.3 cflags="-O2 & more" target=zen4',
  kind: 'compile',
  phase: 'build',
  log: [...Array<string>(99).fill('x'.repeat(2_000)), 'the last line & its #anchor'],
  date: '2026-11-23T07:40:00Z',
};

test('a report has the spec and the end of the log, and stays short enough for a browser', () => {
  const url = new URL(reportUrl('owner/repo', failure));
  expect(url.origin + url.pathname).toBe('https://github.com/owner/repo/issues/new');
  expect(url.searchParams.get('spec')).toBe(failure.spec);
  expect(url.searchParams.get('where')).toBe('compile, build');
  expect(url.searchParams.get('log')).toMatch(/the last line & its #anchor$/);
  expect(url.href.length).toBeLessThan(8_000);
});
