import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { LockFile } from '../../site/schemas/lock-file.ts';
import type { Node } from '../../site/schemas/node.ts';
import { describeSpec, goArchitecture, goOs, chooseLayers, runtimeLayers, type ImageLayer } from './image.ts';

const REAL_NODES = new URL('../../tests/fixtures/real-nodes/', import.meta.url);

/** Output of real Spack for these nodes: `Spec.format()` and the hashes of an image's layers. */
const Answers = z.record(
  z.string(),
  z.object({ line: z.string(), layers: z.number().optional(), order: z.string().optional() }),
);

test('orders the layers of real DAGs as Spack does', async () => {
  const nodes = await readNodes();
  const answers = Object.entries(await readAnswers()).filter(([, { order }]) => order !== undefined);
  expect(answers.length).toBeGreaterThan(60);
  for (const [root, { layers, order }] of answers) {
    const hashes = runtimeLayers(root, nodes);
    expect(hashes.at(-1)).toBe(root);
    expect(hashes).toHaveLength(layers ?? 0);
    expect(createHash('sha256').update(hashes.join('\n')).digest('hex')).toBe(order);
  }
});

test('formats real nodes as the line that Spack writes', async () => {
  const nodes = await readNodes();
  for (const [hash, { line }] of Object.entries(await readAnswers())) {
    const node = nodes.get(hash);
    expect(node && describeSpec(node)).toBe(line);
  }
});

test('puts compiler flags before variants, quoted, as Spack does', () => {
  const parameters = {
    pic: true,
    build_system: 'makefile',
    libs: ['static'],
    cflags: ['-O3', '-g0'],
    ldlibs: [],
  };
  expect(describeSpec({ ...plainNode('lz4'), parameters })).toBe(
    "lz4@=1 cflags='-O3 -g0' +pic build_system=makefile libs:=static platform=linux os=debian12 target=x86_64_v3",
  );
  // Output of Spack 1.2 itself: two spaces where no boolean follows.
  expect(
    describeSpec({ ...plainNode('tree'), parameters: { build_system: 'generic', cflags: ['-O2'] } }),
  ).toBe('tree@=1 cflags=-O2  build_system=generic platform=linux os=debian12 target=x86_64_v3');
});

test('refuses a cycle and a missing node', () => {
  const a = plainNode('a', ['b']);
  const b = plainNode('b', ['a']);
  expect(() => runtimeLayers(a.hash, byHash([a, b]))).toThrow(/cycle/);
  expect(() => runtimeLayers(a.hash, byHash([a]))).toThrow(`has no node of that hash`);
});

test('keeps the nearest 100 layers and says that the image cannot run', () => {
  const order = Array.from({ length: 101 }, (_, index) => String(index));
  const { layers, runnable } = chooseLayers(order, plainLayer);
  expect(layers).toHaveLength(100);
  expect(layers.at(-1)?.contents.prefix).toBe('/100');
  expect(layers.at(0)?.contents.prefix).toBe('/1');
  expect(runnable).toBe(false);
  expect(chooseLayers(order.slice(1), plainLayer).runnable).toBe(true);
});

test('leaves out a dependency without a binary and says that the image cannot run', () => {
  const choice = chooseLayers(['gone', 'own'], (hash) => (hash === 'own' ? plainLayer(hash) : undefined));
  expect(choice).toEqual({ layers: [plainLayer('own')], runnable: false });
});

test("names architectures and systems in Go's words", () => {
  const words: Record<string, string> = {
    x86_64_v3: 'amd64',
    zen3: 'amd64',
    icelake: 'amd64',
    neoverse_v1: 'arm64',
  };
  Object.assign(words, {
    m1: 'arm64',
    'armv9.0a': 'arm64',
    power9le: 'ppc64le',
    u74mc: 'riscv64',
    i686: '386',
  });
  for (const [target, name] of Object.entries(words)) expect(goArchitecture(target)).toBe(name);
  expect(goArchitecture({ name: 'zen9', parents: ['zen8', 'x86_64_v4'] })).toBe('amd64');
  expect(goArchitecture('loongarch64')).toBe('loongarch64');
  expect(goArchitecture('constructor')).toBe('constructor');
  expect([goOs('linux'), goOs('darwin')]).toEqual(['linux', 'darwin']);
});

async function readNodes(): Promise<Map<string, Node>> {
  const nodes = new Map<string, Node>();
  for (const name of ['x86_64_v3.lock.json', 'neoverse_v1.lock.json']) {
    const lock = LockFile.parse(JSON.parse(await readFile(new URL(name, REAL_NODES), 'utf8')));
    for (const node of Object.values(lock.concrete_specs)) nodes.set(node.hash, node);
  }
  return nodes;
}

async function readAnswers(): Promise<z.infer<typeof Answers>> {
  return Answers.parse(JSON.parse(await readFile(new URL('spack-says.json', REAL_NODES), 'utf8')));
}

function byHash(nodes: Node[]): Map<string, Node> {
  return new Map(nodes.map((node) => [node.hash, node]));
}

function plainNode(name: string, links: string[] = []): Node {
  const arch = { platform: 'linux', platform_os: 'debian12', target: 'x86_64_v3' };
  const dependencies = links.map((link) => ({
    name: link,
    hash: link.repeat(32),
    parameters: { deptypes: ['link'], virtuals: [] },
  }));
  return { name, version: '1', arch, parameters: {}, dependencies, hash: name.repeat(32) };
}

function plainLayer(name: string): ImageLayer {
  const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`;
  return {
    tarball: { digest, size: 1, uncompressedDigest: digest, installedSize: 1, files: 1 },
    contents: { prefix: `/${name}`, programs: [], libraries: [] },
  };
}
