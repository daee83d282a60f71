import { expect, test } from 'vitest';
import { describeError, printable } from './command.ts';

test('prints no control character, and no line that GitHub would treat as a command', () => {
  const hostile = 'a\u001b[2J\r\n  ::error::x\n::add-mask::y\u009b\u2028é';
  const shown = printable(hostile);
  expect(shown).toBe('a\\u001b[2J\\u000d\n  | ::error::x\n  | ::add-mask::y\\u009b\\u2028é');
  expect(shown.split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
});

test('prints each cause once, and not that a missing file is missing', () => {
  const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
  expect(describeError(new Error('x: expected a file, found none', { cause: missing }))).toBe(
    'x: expected a file, found none',
  );
  expect(describeError(missing)).toBe('ENOENT: no such file');
  const inner = new Error('the disk is full');
  expect(describeError(new Error('cannot write', { cause: inner }))).toBe(
    'cannot write\n  because the disk is full',
  );
  expect(describeError(new Error('cannot write: the disk is full', { cause: inner }))).toBe(
    'cannot write: the disk is full',
  );
});
