import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { LockFile } from '../../schemas/lock-file.ts';
import { Node } from '../../schemas/node.ts';
import { segmentsText, specSegments, variantSegment } from './spec-text.ts';

/** Output of Spack 1.2.0.dev0 with `DISPLAY_FORMAT`, and compilers, keyed by DAG hash. */
const printed = z
  .record(z.string(), z.string())
  .parse(JSON.parse(readFileSync('tests/fixtures/spec-text.json', 'utf8')));

test.each(['x86_64_v3', 'neoverse_v1'])('prints the nodes of %s like Spack', (name) => {
  const lock = LockFile.parse(
    JSON.parse(readFileSync(`tests/fixtures/real-nodes/${name}.lock.json`, 'utf8')),
  );
  const nodes = new Map(Object.entries(lock.concrete_specs).map(([hash, node]) => [hash, { node }]));
  for (const [hash, { node }] of nodes) {
    expect(segmentsText(specSegments(node, nodes))).toBe(printed[hash]);
  }
});

test('puts a space between compiler flags and boolean variants', () => {
  const node = Node.parse({
    name: 'lz4',
    version: '1.9.4',
    arch: { platform: 'linux', platform_os: 'debian12', target: { name: 'x86_64_v3' } },
    parameters: { pic: true, libs: ['static', 'shared'], cflags: ['-O3', '-g0'], ldlibs: [] },
    hash: 'eumi6h7wjy4qg4wy2l5ahpwro6henpkn',
  });
  expect(segmentsText(specSegments(node, new Map()))).toBe(
    "lz4@1.9.4 cflags='-O3 -g0' +pic libs:=shared,static platform=linux os=debian12 target=x86_64_v3",
  );
});

test.each([
  ['languages', ['c', 'c++'], "languages:='c,c++'"],
  ['patches', ['f2fd0601abc', 'b0615b2abc'], 'patches:=b0615b2,f2fd060'],
  ['label', "it's", 'label="it\'s"'],
  ['label', '<script>', "label='<script>'"],
  ['repeated', ['b', 'a', 'b'], 'repeated:=a,b'],
  ['none', [], "none:='*'"],
  ['label', "it's é", 'label="it\'s \\u00e9"'],
])('prints the variant %s of %j as %s', (name, value, text) => {
  expect(variantSegment(name, value).text).toBe(text);
});
