import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { ImageIndex } from '../../site/schemas/image-manifest.ts';
import { type MadeEntry, makeTar } from '../../tests/world/tar-maker.ts';
import { blobPath } from '../oci/layout.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { addToIndex, countToMerge, mergeTarballs } from './make-container.ts';

const folder = mkdtempSync(join(tmpdir(), 'merge-'));
mkdirSync(join(folder, 'registry/blobs/sha256'), { recursive: true });
const registry = openRegistry(`oci-layout:${join(folder, 'registry')}`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('merges several tarballs into one layer that is the same every time', async () => {
  const shared: MadeEntry = { name: 'opt/', type: '5', mode: 0o755 };
  const tarballs = [
    addBlob([shared, { name: 'opt/a', content: 'a'.repeat(100_000), mode: 0o755 }]),
    addBlob([shared, { name: 'opt/b', type: '2', link: 'a' }]),
  ];
  const file = join(folder, 'merged.tar.gz');
  const builds = tarballs.map((tarball) => ({ tarball, image: {} }));
  const layer = await mergeTarballs(file, builds, () => registry);
  expect(await mergeTarballs(join(folder, 'again'), builds, () => registry)).toEqual(layer);
  expect(sha256(readFileSync(file))).toBe(layer.digest);
  expect(sha256(gunzipSync(readFileSync(file)))).toBe(layer.diffId);
  const listed = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n');
  expect(listed).toEqual(['opt/', 'opt/a', 'opt/b']);
  execFileSync('tar', ['-xzf', file, '-C', folder]);
  expect(readFileSync(join(folder, 'opt/b'), 'utf8')).toBe('a'.repeat(100_000));
});

test('creates no layer from a tarball that does not match its digest', async () => {
  const tarball = addBlob([{ name: 'x', content: 'x' }]);
  writeFileSync(
    blobPath(join(folder, 'registry'), tarball.digest),
    gzipSync(makeTar({ name: 'y', content: 'y' })),
  );
  await expect(mergeTarballs(join(folder, 'bad'), [{ tarball, image: {} }], () => registry)).rejects.toThrow(
    /expected sha256:/,
  );
});

test.each([
  [10, 127, 0],
  [127, 127, 0],
  [128, 127, 2],
  [300, 127, 174],
])('of %i layers with room for %i the lowest %i become one', (layers, limit, merged) => {
  expect(countToMerge(layers, limit)).toBe(merged);
  expect(merged === 0 ? layers : layers - merged + 1).toBeLessThanOrEqual(limit);
});

function addBlob(entries: MadeEntry[]): { digest: string; size: number } {
  const bytes = gzipSync(makeTar(...entries));
  const digest = sha256(bytes);
  writeFileSync(blobPath(join(folder, 'registry'), digest), bytes);
  return { digest, size: bytes.length };
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };
const blob = (letter: string) => ({ digest: `sha256:${letter.repeat(64)}`, size: 7 });

test('replaces the image for the same platform, and keeps the others', () => {
  const first = ImageIndex.parse(JSON.parse(addToIndex(undefined, blob('a'), ARM64)));
  const both = ImageIndex.parse(JSON.parse(addToIndex(first, blob('b'), AMD64)));
  expect(both.manifests.map(({ platform }) => platform)).toEqual([AMD64, ARM64]);
  const next = ImageIndex.parse(JSON.parse(addToIndex(both, blob('c'), AMD64)));
  expect(next.manifests.map(({ digest }) => digest)).toEqual([blob('c').digest, blob('a').digest]);
});

test('gives the same index for the same images in any order', () => {
  const one = addToIndex(parse(addToIndex(undefined, blob('a'), ARM64)), blob('b'), AMD64);
  const other = addToIndex(parse(addToIndex(undefined, blob('b'), AMD64)), blob('a'), ARM64);
  expect(one).toBe(other);
  expect(addToIndex(parse(one), blob('a'), ARM64)).toBe(one);
});

function parse(text: string): ImageIndex {
  return ImageIndex.parse(JSON.parse(text));
}
