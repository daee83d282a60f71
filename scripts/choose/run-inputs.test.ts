import { expect, test } from 'vitest';
import { parseCount, parseRequestOptions, parseInstallFlags } from './run-inputs.ts';

test("reads a workflow's inputs, which are texts", () => {
  expect(parseRequestOptions({ fresh: 'true', container: '', flags: '--test root' })).toEqual({
    fresh: true,
    container: false,
    flags: ['--test', 'root'],
  });
  expect([parseCount('', 25), parseCount('256', 25)]).toEqual([25, 256]);
});

test('refuses anything else, and lists what it accepts', () => {
  expect(() => parseRequestOptions({ fresh: 'maybe', container: '', flags: '' })).toThrow(
    'fresh: expected true or false',
  );
  for (const text of ['0', '257', '-1', '1e2', 'x'])
    expect(() => parseCount(text, 25)).toThrow('from 1 to 256');
});

test.each([
  ['', []],
  [' --fail-fast  --test root\n', ['--fail-fast', '--test', 'root']],
  ['-j 4 -p2 --jobs=8', ['-j', '4', '-p', '2', '--jobs', '8']],
  [`--test 'all' -v -n`, ['--test', 'all', '-v', '-n']],
  [
    '--use-buildcache package:never,dependencies:only',
    ['--use-buildcache', 'package:never,dependencies:only'],
  ],
])('takes %j', (text, flags) => {
  expect(parseInstallFlags(text)).toEqual(flags);
});

test.each([
  'zlib',
  '--fail-fast zlib',
  '--fake',
  '--no-check-signature',
  '--no-check',
  '--log-file /etc/passwd',
  '--test',
  '--test everything',
  '--test root zlib',
  '-j -1',
  '-j0',
  '--fail-fast=yes',
  '-vn',
  '-j "4; rm -rf /"',
  '__proto__',
  '--file x',
])('refuses %j', (text) => {
  expect(() => parseInstallFlags(text)).toThrow(/^install flags: expected some of --jobs, .*found "/);
});

test('refuses a quote that is not closed', () => {
  expect(() => parseInstallFlags('--test "root')).toThrow('install flags: expected a closing "');
});
