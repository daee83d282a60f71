import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort } from '../../tests/world/free-port.ts';
import { servePages, type PagesServer } from './pages-server.ts';

let folder: string;
let server: PagesServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pages-'));
  const root = join(folder, 'dist');
  await mkdir(join(root, 'packages/tree'), { recursive: true });
  await mkdir(join(root, 'blobs'));
  await writeFile(join(root, 'index.html'), 'home');
  await writeFile(join(root, '404.html'), 'not here');
  await writeFile(join(root, 'about.html'), 'about');
  await writeFile(join(root, 'packages/tree/index.html'), 'tree');
  await writeFile(join(root, 'data.json'), '{}');
  await writeFile(join(root, 'blobs/ab12'), '0123456789');
  await writeFile(join(root, 'a #1?%.txt'), 'odd name');
  await writeFile(join(folder, 'secret'), 'secret');
  await symlink(join(folder, 'secret'), join(root, 'link'));
  await symlink(folder, join(root, 'outside'));
  server = await servePages({ root, base: '/cache', port: 0 });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

test('serves index.html for a URL with a trailing slash and redirects one without it', async () => {
  expect(await get('/cache/')).toMatchObject({ status: 200, body: 'home' });
  expect(await get('/cache/packages/tree/')).toMatchObject({ status: 200, body: 'tree' });
  const redirect = await get('/cache/packages/tree?x=1');
  expect(redirect).toMatchObject({ status: 301, headers: { location: '/cache/packages/tree/?x=1' } });
  expect(await get('/cache')).toMatchObject({ status: 301, headers: { location: '/cache/' } });
});

test('serves x.html for x, names with odd characters, and nothing outside of the base path', async () => {
  expect(await get('/cache/about')).toMatchObject({ status: 200, body: 'about' });
  expect(await get('/cache/a%20%231%3F%25.txt')).toMatchObject({ status: 200, body: 'odd name' });
  expect(await get('/index.html')).toMatchObject({ status: 404 });
  expect(await get('/cachex/')).toMatchObject({ status: 404 });
});

test('answers 404.html with status 404 for what is missing, and lists no directory', async () => {
  for (const path of ['/cache/nothing', '/cache/packages/', '/cache/%', '/cache/%00', '/cache/index.html/']) {
    expect(await get(path), path).toMatchObject({ status: 404, body: 'not here' });
  }
});

test('never leaves the folder', async () => {
  const paths = ['/../secret', '/%2e%2e/secret', '/..%2fsecret', '/..%5csecret', '/link', '/outside/secret'];
  for (const path of paths) expect(await get(`/cache${path}`), path).toMatchObject({ status: 404 });
});

test('gives files their type, files without extension the type of bytes, and lets clients cache them for 10 minutes', async () => {
  const blob = await get('/cache/blobs/ab12');
  expect(blob.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'cache-control': 'public, max-age=600',
    'content-length': '10',
  });
  expect((await get('/cache/data.json')).headers['content-type']).toMatch(/^application\/json/);
});

test('answers HEAD without a body, 304 to a matching ETag, and ranges on request', async () => {
  const head = await get('/cache/data.json', {}, 'HEAD');
  expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '2' } });
  expect(await get('/cache/data.json', { 'If-None-Match': head.headers.etag })).toMatchObject({
    status: 304,
  });
  expect(await get('/cache/blobs/ab12', { Range: 'bytes=2-4' })).toMatchObject({ status: 206, body: '234' });
  expect(await get('/cache/nothing', {}, 'HEAD')).toMatchObject({ status: 404, body: '' });
  expect(await get('/cache/', {}, 'POST')).toMatchObject({ status: 405 });
});

test('moves to the next port when one is busy, and frees its own when it closes', async () => {
  const options = { root: join(folder, 'dist'), base: '/', port: await findFreePort() };
  const first = await servePages(options);
  expect(first.port).toBe(options.port);
  const second = await servePages(options);
  await first.close();
  expect(second.port).toBeGreaterThan(first.port);
  expect(await (await fetch(`${second.url}/`)).text()).toBe('home');
  await second.close();
  const third = await servePages({ ...options, port: second.port });
  expect(third.port).toBe(second.port);
  await third.close();
});

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends a request with an unchanged path: fetch would resolve `..`. */
function get(
  path: string,
  headers: Record<string, string | undefined> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, headers, method }, (response) => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString()));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on('error', reject).end();
  });
}
