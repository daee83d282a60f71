import { expect, test } from 'vitest';
import { checkBuildInfo } from './reader.ts';
import type { ListedEntry, PrefixListing } from './listing.ts';

const entries = new Map<string, ListedEntry>([
  ['bin/tree', { kind: 'file', executable: true }],
  ['bin/twin', { kind: 'hard link', executable: true }],
  ['lib', { kind: 'symbolic link', executable: true }],
  ['share/new\nline', { kind: 'file', executable: false }],
  ['share', { kind: 'directory', executable: true }],
]);
const listing: PrefixListing = { prefix: 'opt/sw/linux-x86_64/tree-1', entries };
const check = (text: string) => checkBuildInfo(Buffer.from(text, 'latin1'), listing);

test.each([
  '{buildpath: /opt/sw, relative_prefix: linux-x86_64/tree-1, hash_to_prefix: {}, relocate_binaries: [bin/tree, bin/twin], relocate_links: [lib], relocate_textfiles: ["share/new\\nline"]}\n',
  '{buildpath: /opt/sw/other, relative_prefix: ../linux-x86_64/tree-1, relocate_binaries: [], relocate_textfiles: [], prefix_to_hash: {}}',
  'buildpath: /opt/sw\nrelocate_binaries: []\nrelocate_textfiles: []\nhash_to_prefix:\n  abc: /opt/sw/x\n',
])('takes what Spack writes: %s', (text) => {
  expect(() => check(text)).not.toThrow();
});

test.each([
  [
    'an absolute path',
    '{relocate_textfiles: [/etc/passwd]}',
    /own files in relocate_textfiles .*"\/etc\/passwd"/,
  ],
  ['a way up', '{relocate_binaries: [../../x]}', /own files in relocate_binaries .*"\.\.\/\.\.\/x"/],
  ['a way round', '{relocate_binaries: [bin/../bin/tree]}', /own files/],
  ['a path below a link', '{relocate_binaries: [lib/libc.so]}', /own files/],
  ['a link as a file', '{relocate_binaries: [lib]}', /own files/],
  ['a directory', '{relocate_textfiles: [share]}', /own files/],
  ['a file as a link', '{relocate_links: [bin/tree]}', /own links in relocate_links/],
  [
    'another prefix',
    '{buildpath: /opt, relative_prefix: x}',
    /expected the install prefix "\/opt\/sw.*found "\/opt\/x"/,
  ],
  ['no old prefix', '{relocate_binaries: []}', /expected buildpath in .*, found none/],
  ['no list of programs', '{buildpath: /opt/sw, relocate_binaries: null}', /expected relocate_binaries in/],
  [
    'no prefixes of dependencies',
    '{buildpath: /opt/sw, relocate_binaries: [], relocate_textfiles: []}',
    /expected hash_to_prefix or prefix_to_hash in/,
  ],
  ['a list of prefixes without hashes', '{hash_to_prefix: [/opt/sw]}', /"hash_to_prefix": Invalid input/],
  ['a prefix that is a list', '{hash_to_prefix: {a: [b]}}', /"hash_to_prefix.a": Invalid input/],
  ['numbers as paths', '{relocate_textfiles: [1]}', /relocate_textfiles\.0/],
  ['an anchor and its alias', '{buildpath: &a x, relocate_textfiles: [*a]}', /found an a(nchor|lias)/],
  ['a merge key', '{<<: {relocate_textfiles: [/etc/passwd]}}', /a merge key/],
  ['a key that is a list', '{[a]: b}', /a merge key/],
  ['a tag', '{buildpath: !!python/name:os.system x}', /plain YAML/],
  ['a key twice', '{relocate_links: [], relocate_links: [/etc]}', /plain YAML/],
  ['two documents', 'a: b\n---\nc: d\n', /plain YAML/],
  ['what is no YAML', '{a: [', /plain YAML/],
  ['a list', '[a]', /as Spack writes it/],
  ['nothing', '', /as Spack writes it/],
  ['a tab, which Spack cannot read', 'relocate_links: \t[]', /the character/],
  ['a line end to some', 'buildpath: a\xc2\x85relocate_links: [/etc]', /the character/],
  ['bytes that are not valid UTF-8', 'buildpath: \xff', /not valid UTF-8/],
])('refuses %s', (_, text, message) => {
  expect(() => check(text)).toThrow(message);
});

test('accepts long lists and many keys', () => {
  const paths = Array.from(
    { length: 100_000 },
    (_, index) => `share/doc/it/reference/chapter/page-${index}.html`,
  );
  const needed = 'buildpath: /opt, relocate_binaries: [], hash_to_prefix: {}';
  const large = { prefix: 'opt', entries: new Map<string, ListedEntry>() };
  for (const path of paths) large.entries.set(path, { kind: 'file', executable: false });
  const keys = paths.slice(0, 40_000).map((path) => `${path}: `);
  const list = Buffer.from(`{${needed}, relocate_textfiles: [${paths.join(', ')}]}`);
  expect(() => checkBuildInfo(list, large)).not.toThrow();
  expect(() =>
    checkBuildInfo(Buffer.from(`{${needed}, relocate_textfiles: [], ${keys.join(', ')}}`), large),
  ).not.toThrow();
});

test.each([
  ['names and signs', '-\n'.repeat(400_000), /more than 600000 names and signs/],
  ['lists in one another', '['.repeat(100_000), /more than 16 lists in one another/],
  ['ends of lists', '[]'.padEnd(100_000, ']'), /the end of a list without its beginning/],
  ['commas', '[a'.padEnd(100_000, ','), /two commas in a row/],
  ['comments', 'a: b\n# c\n', /a comment/],
])('refuses what takes a reader long: many %s', (_, text, message) => {
  expect(() => check(text)).toThrow(message);
});
