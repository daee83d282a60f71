import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isProved, parseSpecFile } from '../../../scripts/build-cache/spec-file.ts';
import { upgradeNodes } from './old-spec-file.ts';

const FIXTURES = 'tests/fixtures/old-spec-files';
/** Output of Spack 1.0.2 after reading these files, keyed by file and hash. */
const BY_SPACK = JSON.parse(readFileSync(`${FIXTURES}/upgraded.json`, 'utf8')) as Record<
  string,
  Record<string, string>
>;

test.each(Object.keys(BY_SPACK))('reads %s exactly like Spack', (name) => {
  const { nodes } = parseSpecFile(readFileSync(`${FIXTURES}/${name}`, 'utf8'));
  expect(Object.fromEntries(nodes.map(({ node, text }) => [node.hash, text]))).toEqual(BY_SPACK[name]);
});

test.each([
  ['libdwarf-v4.spec.json', '"version":"20130729"', '"version":"20130730"'],
  ['libdwarf-v4.spec.json', '"version":"10.2.1"', '"version":"10.2.2"'],
  ['libdwarf-v4.spec.json', '"build",\n"link"', '"build"'],
  ['libxml2-v2.spec.json', '"python": false', '"python": true'],
  ['libxml2-v2.spec.json', '"version": "10.3.0"', '"version": "10.4.0"'],
])('refuses %s when %s was changed', (name, before, after) => {
  const text = readFileSync(`${FIXTURES}/${name}`, 'utf8');
  expect(text).toContain(before);
  expect(() => parseSpecFile(text.replace(before, after))).toThrow(/expected nodes whose hash/);
});

test('reports what old hashes do not cover', () => {
  const text = readFileSync(`${FIXTURES}/libxml2-v2.spec.json`, 'utf8');
  const forged = text.replace(/"package_hash": "vn3i/, '"package_hash": "aaaa');
  const { root } = parseSpecFile(forged);
  expect(root.text).toContain('"package_hash":"aaaa');
  expect(isProved(root)).toBe(false);
});

test('rejects an edge without its node, and a compiler without a version', () => {
  const file = (edge: string, compiler: string) =>
    `{"spec":{"nodes":[{"name":"a","compiler":${compiler},"dependencies":[${edge}],"hash":"h"}]}}`;
  const gcc = '{"name":"gcc","version":"1"}';
  expect(() => upgradeNodes(file('{"name":"b","full_hash":"x","type":["link"]}', gcc), 2)).toThrow(
    /the node that "b" names/,
  );
  expect(() => upgradeNodes(file('', '{"name":"gcc","versions":[]}'), 3)).toThrow(/version of the compiler/);
});
