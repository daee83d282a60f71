import { expect, test } from 'vitest';
import { parseArch } from './machine.ts';
import { readMachine } from './read-machine.ts';

test.each([
  'linux-rocky8-zen3',
  'rocky8 zen3',
  'Rocky 8, zen3',
  'Rocky Linux 8 zen3',
  'zen3 on rocky8',
  'rocky8 · zen3',
])('reads %j', (text) => {
  expect(readMachine(text)).toEqual(parseArch('linux-rocky8-zen3'));
});

test('knows the short name of Red Hat, versions with a dot, and macOS', () => {
  expect(readMachine('el9 x86_64_v3')).toEqual(parseArch('linux-rhel9-x86_64_v3'));
  expect(readMachine('Ubuntu 22.04 LTS icelake')).toEqual(parseArch('linux-ubuntu22.04-icelake'));
  expect(readMachine('macOS Sonoma m2')).toEqual(parseArch('darwin-sonoma-m2'));
});

test.each(['', 'hdf5', 'rocky8', 'zen3', 'rocky8 zen3 hdf5', 'rocky 99 zen3', '{"spec": {}}'])(
  'guesses nothing from %j',
  (text) => {
    expect(readMachine(text)).toBeUndefined();
  },
);
