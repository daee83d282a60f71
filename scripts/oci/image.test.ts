import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Node } from '../../site/schemas/node.ts';
import { SpecFile } from '../../site/schemas/spec-file.ts';
import { splitNodes } from '../../site/lib/spack/node-text.ts';
import { composeImage, imageTag, indexImage, type ImageLayer } from './image.ts';

const BY_SPACK = new URL('../../tests/fixtures/oci-by-spack/blobs/sha256/', import.meta.url);
const TREE_CONFIG = '9f2a6b8b4f1d215d877b38feaebf832b458699c15afd67ff52e2260345b44102';
const TREE_MANIFEST = '8b2fec08fac60cedfe2ea61e76055efb2f313a6863afaa894aa04a9cb574a427';
const INDEX_MANIFEST = '62cbbd3ea830b22d737e8774f6c2eac8e72349921c90a7612be9e02a1cbcb7f9';

test('composes the image that Spack itself pushes, except for its time and environment', async () => {
  const { specText, node } = await readTree();
  const image = composeImage({ nodes: splitNodes(specText), node, layers: await spackLayers() });
  const ours = z.record(z.string(), z.unknown()).parse(JSON.parse(image.configText));
  const theirs = z.record(z.string(), z.unknown()).parse(JSON.parse(specText));
  const { config, ...rest } = ours;
  const { config: theirConfig, archive_timestamp, ...theirRest } = theirs;
  expect([theirConfig, archive_timestamp]).not.toContain(undefined);
  expect(rest).toEqual(theirRest);
  expect(config).toEqual({
    Env: ['PATH=/opt/tree/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    Labels: {
      'org.opencontainers.image.title': 'tree',
      'org.opencontainers.image.version': '2.1.0',
      'org.opencontainers.image.description':
        'tree@=2.1.0 build_system=generic platform=linux os=debian12 target=x86_64_v3',
    },
  });
});

test('keeps the text of nodes verbatim', () => {
  const node = plainNode('zlib', '1.3');
  const nodeText = `{"name":"zlib","2":1.50,"1":"\\u00e9","version":"1.3"}`;
  const { configText } = composeImage({ nodes: [nodeText], node, layers: [layer('a')] });
  expect(configText).toContain(`"spec":{"_meta":{"version":5},"nodes":[${nodeText}]},`);
});

test('names only its own tarball, so that oras pull writes that one file', async () => {
  const { specText, node } = await readTree();
  const image = composeImage({ nodes: splitNodes(specText), node, layers: await spackLayers() });
  const text = image.manifestText({ digest: `sha256:${TREE_CONFIG}`, size: 4857 });
  const theirs: unknown = JSON.parse(await readFile(new URL(TREE_MANIFEST, BY_SPACK), 'utf8'));
  expect(JSON.parse(text)).toMatchObject(z.object({}).loose().parse(theirs));
  const { layers } = z.object({ layers: z.array(z.looseObject({})) }).parse(JSON.parse(text));
  expect(layers.map(({ annotations }) => annotations)).toEqual([
    undefined,
    { 'org.opencontainers.image.title': 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.tar.gz' },
  ]);
});

test('puts the programs of the spec before those of its dependencies, nearest first', () => {
  const layers = [layer('far', ['f']), layer('library'), layer('near', ['n']), layer('own', ['o'])];
  const { configText } = composeImage({
    nodes: [],
    node: plainNode('own', '1'),
    layers,
  });
  expect(configText).toContain('"PATH=/opt/own/bin:/opt/near/bin:/opt/far/bin:/usr/local/sbin:');
});

test('tags as Spack does: no character that a registry refuses, at most 128 characters', () => {
  const hash = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
  expect(imageTag({ name: 'tree', version: '2.1.0', hash })).toBe(`tree-2.1.0-${hash}.spack`);
  expect(imageTag({ name: 'a', version: 'git.x/y=1+2', hash })).toBe(`a-git.x_y_1_2-${hash}.spack`);
  const long = imageTag({ name: 'n'.repeat(70), version: 'v'.repeat(70), hash });
  expect(long).toBe(`${'n'.repeat(64)}${'v'.repeat(25)}-${hash}.spack`);
});

test("writes index.spack's manifest byte for byte as Spack does", async () => {
  const theirs = await readFile(new URL(INDEX_MANIFEST, BY_SPACK), 'utf8');
  const index = {
    digest: 'sha256:ede02360430587359e3a08e25c7bb136b88f55a1aebeaef3ef923ee9545b4fb4',
    size: 6550,
  };
  const empty = { digest: `sha256:${createHash('sha256').update('{}').digest('hex')}`, size: 2 };
  expect(indexImage(index, empty)).toBe(theirs);
});

async function readTree(): Promise<{ specText: string; node: Node }> {
  const specText = await readFile(new URL(TREE_CONFIG, BY_SPACK), 'utf8');
  const [node] = SpecFile.parse(JSON.parse(specText)).spec.nodes;
  if (!node) throw new Error('the fixture has no node');
  return { specText, node };
}

/** Layers of Spack's own image of tree: gcc-runtime, tree. */
async function spackLayers(): Promise<ImageLayer[]> {
  const config = z
    .object({ rootfs: z.object({ diff_ids: z.array(z.string()) }) })
    .parse(JSON.parse(await readFile(new URL(TREE_CONFIG, BY_SPACK), 'utf8')));
  const [runtime, own] = config.rootfs.diff_ids;
  return [
    layer('gcc-runtime', [], {
      digest: 'sha256:76d8f47982d28bf5cb9cb6936a565e1ce653156a400a888eb96897483e66c1ac',
      size: 2231675,
      uncompressedDigest: runtime ?? '',
    }),
    layer('tree', ['tree'], {
      digest: 'sha256:38840da00ede92e858836666d599edd00e9194380489bdf8c194ff3e2143da3b',
      size: 49384,
      uncompressedDigest: own ?? '',
    }),
  ];
}

function layer(name: string, programs: string[] = [], blob: Partial<ImageLayer['tarball']> = {}): ImageLayer {
  const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`;
  return {
    tarball: { digest, size: 1, uncompressedDigest: digest, installedSize: 1, files: 1, ...blob },
    contents: { prefix: `/opt/${name}`, programs, libraries: [] },
  };
}

function plainNode(name: string, version: string): Node {
  const arch = { platform: 'linux', platform_os: 'debian12', target: 'x86_64' };
  return { name, version, arch, parameters: {}, dependencies: [], hash: 'a'.repeat(32) };
}
