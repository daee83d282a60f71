import { expect, test } from 'vitest';
import { parseInstallFlags } from './install-flags.ts';

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

test('refuses a quote without its end', () => {
  expect(() => parseInstallFlags('--test "root')).toThrow('install flags: expected a closing "');
});
