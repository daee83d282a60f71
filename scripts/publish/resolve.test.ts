import { expect, test } from 'vitest';
import type { Build } from '../../site/schemas/build.ts';
import { decide } from './resolve.ts';
import type { SpecImage } from './spec-image.ts';

const [OURS, OTHER] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const IMAGE = imageOf(OURS);

test('keeps what catalog and registry have, composing nothing, and reports another image at the tag', () => {
  const compose = (): never => {
    throw new Error('composed an image that nobody needs');
  };
  const recorded = buildOf(OURS);
  expect(decide({ recorded, tagged: descriptorOf(OURS), compose })).toEqual({ kind: 'keep', recorded });
  const other = descriptorOf(OTHER);
  expect(decide({ recorded, tagged: other, compose })).toEqual({ kind: 'keep', recorded, other });
});

test('pushes a lost image again if the entry gives the same image, and nothing else', () => {
  const lookup = (digest: string) => {
    const { kind } = decide({ recorded: buildOf(digest), tagged: undefined, compose: () => IMAGE });
    return kind;
  };
  expect(lookup(OURS)).toBe('restore');
  expect(lookup(OTHER)).toBe('lost');
});

test('adds what neither has, adopts the same image, and replaces another one', () => {
  const lookup = (digest?: string) =>
    decide({ recorded: undefined, tagged: digest ? descriptorOf(digest) : undefined, compose: () => IMAGE });
  expect(lookup()).toEqual({ kind: 'add', image: IMAGE });
  expect(lookup(OURS)).toEqual({ kind: 'adopt', image: IMAGE });
  expect(lookup(OTHER)).toEqual({ kind: 'replace', image: IMAGE, tagged: descriptorOf(OTHER) });
});

function imageOf(digest: string): SpecImage {
  const image = { tag: 'zlib', digest, size: 1, config: { digest, size: 1 }, runnable: true };
  return { image, layers: [], configText: '{}', manifestText: '{}' };
}

function buildOf(digest: string): Build {
  return { image: imageOf(digest).image } as Build;
}

function descriptorOf(digest: string) {
  return { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 };
}
