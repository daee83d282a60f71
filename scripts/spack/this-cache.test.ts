import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Build } from '../../site/schemas/build.ts';
import { startServer } from '../../tests/world/start-server.ts';
import { findThisCache, isSigned } from './this-cache.ts';

const PLAIN = '{"version":3,"data":[]}';
const SIGNED = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${PLAIN}\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n`;

const server = createServer((request, response) => {
  response.statusCode = /^\/cache\/v3\/manifests\/index\/(all\/)?index\.manifest\.json$/.test(
    request.url ?? '',
  )
    ? 200
    : 404;
  response.end('{}');
});
let site = '';

beforeAll(async () => {
  site = `${await startServer(server)}/cache`;
});
afterAll(() => server.close());

const addresses = (siteUrl: string, registry = 'oci-layout:x') => ({
  directory: 'catalog',
  siteUrl,
  registry,
});

const catalogOf = (manifests: string[], keys: string[]) => ({
  builds: new Map<string, Build>(),
  manifests: new Map(manifests.map((manifest, index) => [String(index), manifest])),
  keys: new Map(keys.map((key) => [key, key])),
});

test('uses this cache signed when every build is signed and there is a key', async () => {
  const cache = await findThisCache(catalogOf([SIGNED], ['ABC']), addresses(site));
  expect(cache.mirrors).toEqual({ 'this-cache': { url: site, signed: true, source: false, binary: true } });
  expect(cache.keys).toEqual(['catalog/keys/ABC.asc']);
});

test('uses it unsigned when one build is unsigned or there is no key', async () => {
  const cache = await findThisCache(catalogOf([SIGNED, PLAIN], ['ABC']), addresses(site));
  expect(cache.mirrors['this-cache']?.signed).toBe(false);
  expect(cache.keys).toEqual([]);
  expect(isSigned(catalogOf([SIGNED], []))).toBe(false);
});

test('continues without it while it is empty, not deployed or unreachable, and says so', async () => {
  const signed = catalogOf([SIGNED], ['ABC']);
  const empty = await findThisCache(catalogOf([], ['ABC']), addresses(site));
  expect(empty).toEqual({ mirrors: {}, keys: [], message: expect.stringContaining('it has no build yet') });
  expect((await findThisCache(signed, addresses(`${site}/x`))).message).toContain('answers 404');
  const nowhere = await findThisCache(signed, addresses('http://127.0.0.1:1'));
  expect(nowhere).toMatchObject({
    mirrors: {},
    message: expect.stringMatching(
      /127\.0\.0\.1:1 does not answer: .* connects to this port; use another one/,
    ),
  });
});

test('does not ask the registry while the site has everything', async () => {
  // A host that does not exist: a request would take time.
  const cache = await findThisCache(catalogOf([PLAIN], []), addresses(site, 'registry.invalid/owner/repo'));
  expect(Object.keys(cache.mirrors)).toEqual(['this-cache']);
});
