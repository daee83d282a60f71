import { expect, test } from 'vitest';
import { TarListing, type TarEntry } from './listing.ts';

type Line = [kind: TarEntry['kind'], name: string, target?: string, mode?: number];

const TREE: Line[] = [
  ['directory', 'opt'],
  ['directory', 'opt/sw'],
  ['directory', 'opt/sw/tree-1'],
  ['directory', 'opt/sw/tree-1/.spack'],
  ['directory', 'opt/sw/tree-1/bin'],
  ['file', 'opt/sw/tree-1/bin/tree', '', 0o755],
];
const LAST: Line = ['file', 'opt/sw/tree-1/.spack/binary_distribution'];

function list(lines: Line[], platform = 'linux') {
  const listing = new TarListing();
  for (const [kind, name, target = '', mode = 0o644] of lines) listing.add({ kind, name, target, mode });
  return listing.finish(platform);
}

test('finds the prefix and its contents', () => {
  const { prefix, entries } = list([...TREE, LAST]);
  expect(prefix).toBe('opt/sw/tree-1');
  expect([...entries.keys()]).toEqual(['.spack', 'bin', 'bin/tree', '.spack/binary_distribution']);
  expect(entries.get('bin/tree')).toEqual({ kind: 'file', executable: true });
});

test.each<[string, Line[]]>([
  ['symbolic links to anywhere', [['symbolic link', 'opt/sw/tree-1/etc', '/etc']]],
  ['symbolic links that lead up', [['symbolic link', 'opt/sw/tree-1/up', '../../../..']]],
  ['directories with a slash at the end, and twice', [['directory', 'opt/sw/tree-1/bin/']]],
  ['a hard link to an earlier file', [['hard link', 'opt/sw/tree-1/bin/t', 'opt/sw/tree-1/bin/tree']]],
  ['a long name', [['file', `opt/sw/tree-1/${'n'.repeat(253)}é`]]],
  [
    'links through links, to a folder above, and to nothing',
    [
      ['symbolic link', 'opt/sw/tree-1/bin/l', '../m/.'],
      ['symbolic link', 'opt/sw/tree-1/m', '/opt/sw/tree-1/bin'],
      ['symbolic link', 'opt/sw/tree-1/bin/up', '..'],
      ['symbolic link', 'opt/sw/tree-1/n', 'absent/../n'],
      ...Array.from({ length: 32 }, (_, at): Line => ['symbolic link', `opt/sw/tree-1/c${at}`, `c${at + 1}`]),
    ],
  ],
  ['a link to a long path', [['symbolic link', 'opt/sw/tree-1/l', `${'n'.repeat(255)}/`.repeat(15)]]],
  ['a long path', [['file', `opt/sw/tree-1/${`${'p'.repeat(250)}/`.repeat(16)}x`]]],
  ['names with dots, backslashes and new lines', [['file', 'opt/sw/tree-1/..a\\b\n…']]],
])('lets pass %s', (_, lines) => {
  expect(list([...TREE, ...lines, LAST]).prefix).toBe('opt/sw/tree-1');
});

test.each<[string, Line[], RegExp]>([
  [
    'a way up',
    [['file', 'opt/sw/tree-1/../../x']],
    /inside the install prefix, found the entry "opt\/sw\/tree-1\/\.\.\/\.\.\/x"/,
  ],
  [
    'a link that Spack writes through',
    [['symbolic link', 'opt/sw/tree-1/.spack/install_manifest.json', '../../../../home/x/.bashrc']],
    /expected \.spack\/install_manifest\.json as a file, since Spack overwrites it, found a symbolic link/,
  ],
  [
    'a hard link that Spack writes through',
    [['hard link', 'opt/sw/tree-1/.spack/spec.json', 'opt/sw/tree-1/bin/tree']],
    /expected \.spack\/spec\.json as a file, since Spack overwrites it, found a hard link/,
  ],
  ['a folder that Spack writes to', [['directory', 'opt/sw/tree-1/.spack/spec.json']], /found a directory/],
  [
    'a link to itself',
    [['symbolic link', 'opt/sw/tree-1/l', 'l']],
    /links that end at a file or folder, found "opt\/sw\/tree-1\/l" to "l", which is part of a cycle/,
  ],
  ['a link below itself', [['symbolic link', 'opt/sw/tree-1/l', 'l/x']], /part of a cycle/],
  [
    'two links to each other, through a folder',
    [
      ['symbolic link', 'opt/sw/tree-1/bin/l', '../m/l'],
      ['symbolic link', 'opt/sw/tree-1/m', 'bin'],
    ],
    /part of a cycle/,
  ],
  [
    'a cycle that leaves the prefix',
    [['symbolic link', 'opt/sw/tree-1/l', '../tree-1/l']],
    /part of a cycle/,
  ],
  ['an absolute cycle', [['symbolic link', 'opt/sw/tree-1/l', '/opt/sw/tree-1/l']], /part of a cycle/],
  [
    'a chain of 33 links',
    Array.from({ length: 33 }, (_, at): Line => ['symbolic link', `opt/sw/tree-1/c${at}`, `c${at + 1}`]),
    /leads through too many others/,
  ],
  [
    'one link 33 times',
    [
      ['symbolic link', 'opt/sw/tree-1/l', `${'d/'.repeat(32)}`],
      ['symbolic link', 'opt/sw/tree-1/d', '.'],
    ],
    /leads through too many others/,
  ],
  [
    'a link through a file',
    [['symbolic link', 'opt/sw/tree-1/l', 'bin/tree/']],
    /which leads through a file/,
  ],
  ['a way up at the end', [['directory', 'opt/sw/tree-1/..']], /inside the install prefix/],
  ['an absolute name', [['file', '/etc/passwd']], /inside the install prefix/],
  ['a dot in the middle', [['file', 'opt/sw/./tree-1/x']], /inside the install prefix/],
  ['two slashes', [['file', 'opt/sw/tree-1//x']], /inside the install prefix/],
  ['two slashes at the end', [['directory', 'opt/sw/tree-1/x//']], /inside the install prefix/],
  ['a file with a slash at the end', [['file', 'opt/sw/tree-1/x/']], /inside the install prefix/],
  ['an empty name', [['file', '']], /inside the install prefix/],
  [
    'a file beside the prefix',
    [['file', 'opt/sw/x']],
    /inside the install prefix "opt\/sw\/tree-1", found "opt\/sw\/x"/,
  ],
  ['a prefix that only begins alike', [['file', 'opt/sw/tree-10/x']], /inside the install prefix/],
  ['another directory beside the prefix', [['directory', 'op']], /inside the install prefix/],
  ['a directory of another tree', [['directory', 'usr']], /inside the install prefix/],
  ['a link in place of an ancestor', [['symbolic link', 'op', '/']], /inside the install prefix/],
  [
    'a set-user-ID file',
    [['file', 'opt/sw/tree-1/bin/su', '', 0o4755]],
    /"opt\/sw\/tree-1\/bin\/su" with mode 4755/,
  ],
  ['a set-group-ID directory', [['directory', 'opt/sw/tree-1/d', '', 0o2755]], /mode 2755/],
  ['a path twice', [['file', 'opt/sw/tree-1/bin/tree']], /as file and as file/],
  [
    'a link over a directory',
    [['symbolic link', 'opt/sw/tree-1/bin', '/bin']],
    /as directory and as symbolic link/,
  ],
  [
    'a directory over a link',
    [
      ['symbolic link', 'opt/sw/tree-1/l', '/'],
      ['directory', 'opt/sw/tree-1/l'],
    ],
    /as symbolic link and/,
  ],
  [
    'a hard link out',
    [['hard link', 'opt/sw/tree-1/passwd', '/etc/passwd']],
    /found the hard link "opt\/sw\/tree-1\/passwd" to "\/etc\/passwd"/,
  ],
  [
    'a link to nothing',
    [['symbolic link', 'opt/sw/tree-1/l', '']],
    /the link "opt\/sw\/tree-1\/l" without a target/,
  ],
  [
    'a hard link to a symbolic link',
    [
      ['symbolic link', 'opt/sw/tree-1/l', '/etc/passwd'],
      ['hard link', 'opt/sw/tree-1/h', 'opt/sw/tree-1/l'],
    ],
    /hard links to earlier files/,
  ],
  [
    'a hard link to a later file',
    [
      ['hard link', 'opt/sw/tree-1/a', 'opt/sw/tree-1/b'],
      ['file', 'opt/sw/tree-1/b'],
    ],
    /earlier files/,
  ],
  [
    'a file below a link',
    [
      ['symbolic link', 'opt/sw/tree-1/l', '/etc'],
      ['file', 'opt/sw/tree-1/l/x'],
    ],
    /found "opt\/sw\/tree-1\/l\/x" below the symbolic link "opt\/sw\/tree-1\/l"/,
  ],
  [
    'a file below a later link',
    [
      ['file', 'opt/sw/tree-1/l/x'],
      ['symbolic link', 'opt/sw/tree-1/l', '/etc'],
    ],
    /below the symbolic link/,
  ],
  [
    'a file far below a link',
    [
      ['symbolic link', 'opt/sw/tree-1/l', '/etc'],
      ['file', 'opt/sw/tree-1/l/a/b/c'],
    ],
    /below the symbolic link/,
  ],
  ['a file below a file', [['file', 'opt/sw/tree-1/bin/tree/x']], /below the file/],
  [
    'a second such file',
    [['file', 'opt/sw/tree-1/share/.spack/binary_distribution']],
    /expected one file named/,
  ],
  [
    'a file that could be taken for it',
    [['file', 'opt/sw/tree-1/x.spack/binary_distribution']],
    /expected one file named/,
  ],
  [
    'a path that is deeper than any',
    [['file', `opt/sw/tree-1/${'d/'.repeat(253)}x`]],
    /at most 4096 bytes in 256 parts, found .* in 257/,
  ],
  [
    'a path of too many characters',
    [['file', `opt/sw/tree-1/${`${'p'.repeat(250)}/`.repeat(17)}x`]],
    /at most 4096 bytes in 256 parts, found .* with 4282 in 21/,
  ],
  [
    'a name that no system takes',
    [['file', `opt/sw/tree-1/${'n'.repeat(256)}`]],
    /at most 255 bytes.*of 256/,
  ],
  ['a name of 255 characters', [['file', `opt/sw/tree-1/${'é'.repeat(255)}`]], /at most 255 bytes.*of 510/],
  [
    'a path of 4,000 characters',
    [['file', `opt/sw/tree-1/${Array(20).fill('é'.repeat(100)).join('/')}/${'é'.repeat(50)}`]],
    /at most 4096 bytes in 256 parts, found .* with 4134 in 24/,
  ],
  [
    'a link to a name that is too long',
    [['symbolic link', 'opt/sw/tree-1/l', 'n'.repeat(256)]],
    /names of at most 255, found the link/,
  ],
  [
    'a link to a path that no system takes',
    [['symbolic link', 'opt/sw/tree-1/l', 'a/'.repeat(2049)]],
    /links to paths of less than 4096 bytes/,
  ],
])('refuses %s', (_, lines, message) => {
  expect(() => list([...TREE, ...lines, LAST])).toThrow(message);
});

test('refuses a tarball without the file that Spack adds, or without its prefix', () => {
  expect(() => list(TREE)).toThrow(/the file \.spack\/binary_distribution that Spack adds/);
  expect(() => list([...TREE, ['symbolic link', LAST[1], 'x']])).toThrow(/that Spack adds/);
  expect(() =>
    list([
      ['directory', '.spack'],
      ['file', '.spack/binary_distribution'],
    ]),
  ).toThrow(/found none/);
  expect(() => list(TREE.filter(([, name]) => name !== 'opt/sw/tree-1').concat([LAST]))).toThrow(
    /found none/,
  );
});

test('treats names that differ only in case as equal where the file system does', () => {
  const link: Line = ['symbolic link', 'opt/sw/tree-1/Straße', '/etc'];
  const below: Line = ['file', 'opt/sw/tree-1/STRASSE/x'];
  const twin: Line = ['file', 'opt/sw/tree-1/strasse'];
  const composed: Line[] = [
    ['symbolic link', 'opt/sw/tree-1/\u00e9', '/etc'],
    ['file', 'opt/sw/tree-1/e\u0301/x'],
  ];
  for (const lines of [[link, below], [below, link], [link, twin], [twin, link], composed]) {
    expect(list([...TREE, ...lines, LAST], 'linux').prefix).toBe('opt/sw/tree-1');
    expect(() => list([...TREE, ...lines, LAST], 'darwin')).toThrow(/below the symbolic link|more than case/);
  }
});

test('treats the names of files that Spack overwrites as the file system does', () => {
  const link: Line = ['symbolic link', 'opt/sw/tree-1/.spack/Install_Manifest.json', '/etc/x'];
  expect(list([...TREE, link, LAST], 'linux').prefix).toBe('opt/sw/tree-1');
  expect(() => list([...TREE, link, LAST], 'darwin')).toThrow(/since Spack overwrites it/);
});
