import { expect, test } from 'vitest';
import { drawClasses, faultsOf, kindOf } from './faults.ts';
import { classOf, type Named } from './names.ts';

const HASH = 'a'.repeat(32);

function put(name: string, occurrence = 0, status = 201): Named {
  return { name: `ghcr PUT /v2/owner/repo/manifests/${name}`, occurrence, status, client: 'oras' };
}

function draw(requests: Named[]): [at: Named, kinds: string[]][] {
  const all = faultsOf({ requests, writes: [] }).map((fault) => ({ script: 'receive.ts', fault }));
  const drawn = drawClasses(all).map(({ fault }) => fault);
  return requests.map((at) => [at, drawn.filter((fault) => fault.at === at).map(kindOf)]);
}

test('of equivalent requests the first gets each fault, the last those that end a step in the middle', () => {
  const names = ['b', 'c', 'd'].map((name) => put(`${name}-1.0-${HASH}.spack`));
  const [first, middle, last] = draw(names).map(([, kinds]) => kinds);
  expect(first).toHaveLength(14);
  expect(middle).toEqual([]);
  expect(last).toEqual(['request: 403 for good', 'request: done, and the answer lost', 'request: kill']);
});

test('a request with another response is a different one, and its client retries in the same way', () => {
  const [, [, kinds] = [undefined, []]] = draw([put('index.spack'), put('index.spack', 1, 401)]);
  expect(kinds).toContain('request: 401');
  expect(kinds).not.toContain('request: 429');
});

test('requests are equivalent if they differ in build, view or number, but not in their GraphQL query', () => {
  const classes = (...names: string[]): number =>
    new Set(names.map((name, occurrence) => classOf({ name, occurrence }))).size;
  expect(
    classes(`open specs/b/b-1.0-${HASH}.json`, `open specs/gcc-runtime/gcc-runtime-12.2.0-${HASH}.json`),
  ).toBe(1);
  expect(
    classes(
      'site GET /v3/manifests/index/target-b/index.json',
      'site GET /v3/manifests/index/os-a/index.json',
    ),
  ).toBe(1);
  expect(classes('api DELETE /versions/3', 'api DELETE /versions/12')).toBe(1);
  expect(classes('api POST /graphql', 'api POST /graphql')).toBe(2);
  expect(classes('api POST /issues', 'api POST /labels')).toBe(2);
});
