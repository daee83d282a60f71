import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { makeTar, type MadeEntry } from '../../tests/world/tar-maker.ts';
import { readView, writeLayer } from './write-layer.ts';

const folder = mkdtempSync(join(tmpdir(), 'view-'));
const PLACE = { root: '/opt/software/view', prefixes: ['/opt/software/p/app-1'] };
const FOLDERS: MadeEntry[] = ['opt/', 'opt/software/', 'opt/software/view/', 'opt/software/view/._s/'].map(
  (name) => ({ name, type: '5', mode: 0o755 }),
);
const VIEW: MadeEntry[] = [
  ...FOLDERS,
  { name: 'opt/software/view/s', type: '2', link: '/opt/software/view/._s' },
  { name: 'opt/software/view/._s/app', type: '2', link: '/opt/software/p/app-1/bin/app' },
  { name: 'opt/software/view/._s/up', type: '2', link: '../../p/app-1/bin/app' },
  { name: 'opt/software/view/._s/python', content: 'a copy', mode: 0o755 },
];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('accepts links into the builds of an environment, and gives the same layer for the same view', async () => {
  const entries = await readView(archive(VIEW), PLACE, folder);
  expect(entries.map(({ kind }) => kind)).toEqual([
    ...['directory', 'directory', 'directory', 'directory'],
    ...['symlink', 'symlink', 'symlink', 'file'],
  ]);
  const first = await writeLayer(join(folder, 'one'), entries);
  expect(await writeLayer(join(folder, 'two'), entries.toReversed())).toEqual(first);
});

test.each<[string, MadeEntry, RegExp]>([
  [
    'a link elsewhere',
    { name: '._s/x', type: '2', link: '/etc/passwd' },
    /links into the view or the builds/,
  ],
  [
    'a link up and out',
    { name: '._s/x', type: '2', link: '../../../../etc' },
    /links into the view or the builds/,
  ],
  [
    'a neighbour of a build',
    { name: '._s/x', type: '2', link: '/opt/software/p/app-12/x' },
    /links into the view/,
  ],
  ['a path with ..', { name: '../p/app-1/bin/app', content: 'x' }, /found the entry/],
  ['a set-user-ID program', { name: '._s/su', content: 'x', mode: 0o4755 }, /set-user-ID/],
  ['a device', { name: '._s/null', type: '3' }, /found a character device/],
  [
    'a hard link',
    { name: '._s/hard', type: '1', link: 'etc/shadow' },
    /expected files, directories and symbolic/,
  ],
  ['a file below a link', { name: 's/x', content: 'x' }, /below the symbolic link/],
])('refuses %s', async (_, entry, message) => {
  const file = archive([...VIEW, { ...entry, name: `opt/software/view/${String(entry.name)}` }]);
  await expect(readView(file, PLACE, folder)).rejects.toThrow(message);
});

test('refuses entries outside the view, truncated archives, and paths that are not files', async () => {
  await expect(readView(archive([{ name: 'etc/passwd', content: 'x' }]), PLACE, folder)).rejects.toThrow(
    /expected entries inside \/opt\/software\/view, found "etc\/passwd"/,
  );
  const cut = join(folder, 'cut');
  writeFileSync(cut, gzipSync(makeTar(...VIEW)).subarray(0, 100));
  await expect(readView(cut, PLACE, folder)).rejects.toThrow(/no container is created for this environment/);
  symlinkSync('/etc/passwd', join(folder, 'link'));
  await expect(readView(join(folder, 'link'), PLACE, folder)).rejects.toThrow(
    /expected a file, found something/,
  );
  await expect(readView(join(folder, 'none'), PLACE, folder)).rejects.toThrow(/no container is created/);
});

let count = 0;
function archive(entries: MadeEntry[]): string {
  const file = join(folder, `view-${(count += 1)}.tar.gz`);
  writeFileSync(file, gzipSync(makeTar(...entries)));
  return file;
}
