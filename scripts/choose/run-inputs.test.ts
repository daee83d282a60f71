import { expect, test } from 'vitest';
import { parseCount, parseRequestOptions } from './run-inputs.ts';

test("reads a workflow's inputs, which are texts", () => {
  expect(parseRequestOptions({ fresh: 'true', container: '', flags: '--test root' })).toEqual({
    fresh: true,
    container: false,
    flags: ['--test', 'root'],
  });
  expect([parseCount('', 25), parseCount('256', 25)]).toEqual([25, 256]);
});

test('refuses what is neither, and says what it takes', () => {
  expect(() => parseRequestOptions({ fresh: 'maybe', container: '', flags: '' })).toThrow(
    'fresh: expected true or false',
  );
  for (const text of ['0', '257', '-1', '1e2', 'x'])
    expect(() => parseCount(text, 25)).toThrow('from 1 to 256');
});
