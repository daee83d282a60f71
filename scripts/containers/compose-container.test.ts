import { expect, test } from 'vitest';
import { ImageIndex } from '../../site/schemas/image-manifest.ts';
import { addToIndex } from './make-container.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };
const blob = (letter: string) => ({ digest: `sha256:${letter.repeat(64)}`, size: 7 });

test('an image takes the place of the one for its own platform, and the others stay', () => {
  const first = ImageIndex.parse(JSON.parse(addToIndex(undefined, blob('a'), ARM64)));
  const both = ImageIndex.parse(JSON.parse(addToIndex(first, blob('b'), AMD64)));
  expect(both.manifests.map(({ platform }) => platform)).toEqual([AMD64, ARM64]);
  const next = ImageIndex.parse(JSON.parse(addToIndex(both, blob('c'), AMD64)));
  expect(next.manifests.map(({ digest }) => digest)).toEqual([blob('c').digest, blob('a').digest]);
});

test('the same images give the same index, in whatever order they came', () => {
  const one = addToIndex(parse(addToIndex(undefined, blob('a'), ARM64)), blob('b'), AMD64);
  const other = addToIndex(parse(addToIndex(undefined, blob('b'), AMD64)), blob('a'), ARM64);
  expect(one).toBe(other);
  expect(addToIndex(parse(one), blob('a'), ARM64)).toBe(one);
});

function parse(text: string): ImageIndex {
  return ImageIndex.parse(JSON.parse(text));
}
