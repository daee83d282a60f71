import { createHash } from 'node:crypto';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failFirst } from '../../tests/world/faulty-proxy.ts';
import { startRegistry } from '../../tests/world/registry.ts';
import { useServers } from '../../tests/world/servers.ts';
import { indexImage } from './image.ts';
import { openRegistry } from './open-registry.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 10;

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TREE_TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
const FAST = { idleMs: 20_000 };
const servers = useServers();

test('retries a read after 429, 500 and 503', async () => {
  const { host } = await servers.startRegistry();
  await openRegistry(`${host}/cache`).push(BY_SPACK);
  for (const status of [429, 500, 503]) {
    const proxy = await servers.startProxy(
      host,
      failFirst(3, status, () => true),
    );
    const registry = openRegistry(`http://${proxy.host}/cache`, FAST);
    expect((await registry.readManifest(TREE_TAG))?.manifest.layers).toHaveLength(2);
    expect(proxy.seen).toHaveLength(4);
  }
});

test("retries a read after GitHub's 403 for too many requests, but not after a plain 403", async () => {
  const { host } = await servers.startRegistry();
  let answers = 0;
  const proxy = await servers.startProxy(host, (incoming, outgoing) => {
    answers += 1;
    if (answers > 2 && !incoming.url?.includes('forbidden')) return false;
    const limited = 'You have exceeded a secondary rate limit';
    outgoing.writeHead(403).end(incoming.url?.includes('forbidden') ? 'no' : limited);
    return true;
  });
  const registry = openRegistry(`http://${proxy.host}/cache`, FAST);
  expect(await registry.readManifest('x')).toBeUndefined();
  expect(answers).toBe(3);
  await expect(registry.readManifest('forbidden')).rejects.toThrow(/asks for a login to use cache \(403\)/);
  expect(answers).toBe(4);
});

test('gives up on a registry that stays broken, in one sentence', async () => {
  const { host } = await servers.startRegistry();
  const proxy = await servers.startProxy(
    host,
    failFirst(Infinity, 500, () => true),
  );
  const registry = openRegistry(`http://${proxy.host}/cache`, FAST);
  await expect(registry.readManifest('x')).rejects.toThrow(`${proxy.host} fails (500): `);
  expect(proxy.seen).toHaveLength(5);
});

test.each([
  [429, 'PUT', '/blobs/uploads/'],
  [403, 'POST', '/blobs/uploads/'],
  [500, 'PUT', '/manifests/'],
])('pushes through a %i on %s %s that passes', async (status, method, part) => {
  const { host } = await servers.startRegistry();
  let left = 2;
  const proxy = await servers.startProxy(host, (incoming, outgoing) => {
    if (left === 0 || incoming.method !== method || !incoming.url?.includes(part)) return false;
    left -= 1;
    const message = status === 403 ? 'You have exceeded a secondary rate limit' : 'busy';
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message }] }));
    return true;
  });
  await openRegistry(`http://${proxy.host}/cache`, FAST).push(BY_SPACK);
  expect(left).toBe(0);
  expect(await openRegistry(`${host}/cache`).describeTag('index.spack')).toBeDefined();
});

test('reports at once that a registry is down', async () => {
  const { host, stop } = await startRegistry();
  await stop();
  const message = /127\.0\.0\.1:\d+ refuses connections: is it running\?$/;
  for (const reference of [`${host}/cache`, `http://${host}/cache`]) {
    await expect(openRegistry(reference).describeTag('x')).rejects.toThrow(message);
    await expect(openRegistry(reference).push(BY_SPACK)).rejects.toThrow(message);
  }
});

test('refuses bytes that are not the blob: flipped, cut, too long', async () => {
  const { host } = await servers.startRegistry();
  let body = '';
  const proxy = await servers.startProxy(host, (_, outgoing) => Boolean(outgoing.end(body)));
  const registry = openRegistry(`http://${proxy.host}/cache`, FAST);
  const blob = { digest: `sha256:${createHash('sha256').update('bytes').digest('hex')}`, size: 5 };
  for (body of ['bytez', 'byte', 'bytes!']) {
    await expect(registry.readBlob(blob)).rejects.toThrow(/expected sha256:\w+ of 5 bytes, found /);
  }
  expect(proxy.seen).toHaveLength(3);
  body = 'bytes';
  expect(String(await registry.readBlob(blob))).toBe('bytes');
});

test('refuses a manifest with another digest than requested, or one that is not of a single image', async () => {
  const { host } = await servers.startRegistry();
  let body = indexImage(
    { digest: `sha256:${'1'.repeat(64)}`, size: 1 },
    { digest: `sha256:${'2'.repeat(64)}`, size: 2 },
  );
  const proxy = await servers.startProxy(host, (_, outgoing) => Boolean(outgoing.end(body)));
  const registry = openRegistry(`http://${proxy.host}/cache`, FAST);
  await expect(registry.readManifest(`sha256:${'0'.repeat(64)}`)).rejects.toThrow(
    /of that digest, found sha256:/,
  );
  body = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
  await expect(registry.readManifest('x')).rejects.toThrow(/expected the manifest of one image/);
});

test('reads again when a connection breaks off, and gives up on one that falls silent', async () => {
  const { host } = await servers.startRegistry();
  await openRegistry(`${host}/cache`).push(BY_SPACK);
  const layer = (await openRegistry(`${host}/cache`).readManifest(TREE_TAG))?.manifest.layers[1];
  if (!layer) throw new Error('no layer');
  let breaks = 2;
  const proxy = await servers.startProxy(host, (incoming, outgoing) => {
    if (breaks === 0) return false;
    breaks -= 1;
    outgoing.writeHead(200, { 'content-length': layer.size });
    outgoing.write('begin', () => incoming.socket.destroy());
    return true;
  });
  expect(await openRegistry(`http://${proxy.host}/cache`, FAST).readBlob(layer)).toHaveLength(layer.size);
  const silent = await servers.startProxy(
    host,
    (_, outgoing) => outgoing.writeHead(200).write('begin') || true,
  );
  const registry = openRegistry(`http://${silent.host}/cache`, { idleMs: 100 });
  await expect(registry.readBlob(layer)).rejects.toThrow(/sent nothing for/);
});

test('gives up on a push that stays rate limited, and quotes ORAS', async () => {
  const { host } = await servers.startRegistry();
  const proxy = await servers.startProxy(host, (incoming, outgoing) => {
    if (incoming.method !== 'POST') return false;
    outgoing.writeHead(403, { 'content-type': 'application/json' });
    outgoing.end('{"errors":[{"code":"DENIED","message":"You have exceeded a secondary rate limit"}]}');
    return true;
  });
  const push = openRegistry(`http://${proxy.host}/cache`, FAST).push(BY_SPACK);
  await expect(push).rejects.toThrow(/^pushing to .*\/cache failed: .*secondary rate limit/);
});

test('reports that a login may not push', async () => {
  const { host } = await servers.startRegistry();
  const proxy = await servers.startProxy(host, (incoming, outgoing) => {
    if (incoming.method !== 'POST') return false;
    outgoing.writeHead(403, { 'content-type': 'application/json' });
    outgoing.end('{"errors":[{"code":"DENIED","message":"permission_denied: write_package"}]}');
    return true;
  });
  const push = openRegistry(`http://${proxy.host}/cache`, FAST).push(BY_SPACK);
  await expect(push).rejects.toThrow(
    `the login for ${proxy.host} is refused for cache (403): "permission_denied: write_package"; check that it may`,
  );
});
