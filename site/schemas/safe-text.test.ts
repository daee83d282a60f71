import { expect, test } from 'vitest';
import { printable } from '../../scripts/cli/command.ts';
import { quote } from '../../scripts/build-cache/quote.ts';
import { escapeMarkdown } from '../../scripts/github/actions.ts';
import { quoteWord } from '../lib/commands/commands.ts';
import { escapeUnsafe, isSafeText } from './safe-text.ts';

const HOSTILE = 'hdf5\u0003\n\u001b[201~touch x\u202e\u2066\u200b\ud800\ufeff';

test('accepts text in any script, but no characters that a terminal hides or interprets', () => {
  for (const text of ['', 'hdf5@1.14', 'é 漢字 🙂 ½', "it's"]) expect(isSafeText(text)).toBe(true);
  for (const unit of [
    '\0',
    '\t',
    '\n',
    '\u001b',
    '\u007f',
    '\u009b',
    '\u061c',
    '\u200b',
    '\u202e',
    '\u2069',
    '\ufeff',
    '\udc00',
  ])
    expect(isSafeText(`a${unit}b`), JSON.stringify(unit)).toBe(false);
  expect(escapeUnsafe('a\u202eb\n', '\n')).toBe('a\\u202eb\n');
});

test('escapes hostile characters in commands, log lines and summaries', () => {
  for (const show of [quoteWord, quote, escapeMarkdown])
    expect(isSafeText(show(HOSTILE)), show.name).toBe(true);
  expect(isSafeText(printable(HOSTILE).replaceAll('\n', ' '))).toBe(true);
  expect(printable('x ##[add-mask]y')).not.toContain('##[');
  expect(quoteWord("a b'c")).toBe(String.raw`'a b'\''c'`);
});
