import { expect, test } from 'vitest';
import { parseReference } from './registry.ts';

test('converts the path to lower case, since GITHUB_REPOSITORY may have capital letters', () => {
  expect(parseReference('ghcr.io/Owner/My_Repo')).toEqual({
    kind: 'remote',
    host: 'ghcr.io',
    path: 'owner/my_repo',
    transport: 'https',
  });
});

test('chooses the transport by scheme, then by host', () => {
  const expected: [string, string][] = [
    ['localhost/a', 'http'],
    ['localhost:5000/a/b', 'http'],
    ['127.0.0.1:5000/a', 'either'],
    ['127.1.2.3/a', 'either'],
    ['[::1]:5000/a', 'either'],
    ['10.0.0.1:5000/a', 'https'],
    ['http://10.0.0.1:5000/a', 'http'],
    ['oci+http://registry.example:5000/a', 'http'],
    ['oci://localhost:5000/a', 'https'],
    ['https://127.0.0.1:5000/a/', 'https'],
  ];
  for (const [reference, transport] of expected) {
    expect(parseReference(reference), reference).toMatchObject({ kind: 'remote', transport });
  }
});

test('keeps a directory unchanged', () => {
  expect(parseReference('oci-layout:./My Dir')).toEqual({ kind: 'directory', dir: './My Dir' });
});

test.each([
  [
    '',
    'owner/repo',
    'ghcr.io',
    'ghcr.io/',
    'ghcr.io/owner/repo:tag',
    'ghcr.io/owner@sha256:00',
    'oci-layout:',
  ],
  [
    'ghcr.io/a//b',
    'user:password@host/a',
    'ghcr.io/../x',
    'ghcr.io/a b',
    'ftp://host.example/a',
    'ghcr.io/-a',
  ],
])('refuses what is no registry: %s, %s, %s …', (...references) => {
  for (const reference of references) {
    expect(() => parseReference(reference), reference).toThrow(/^registry ".*": expected/);
  }
});
