import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { checkLive, LIVE_MINUTES } from '../scripts/deploy/live-site.ts';
import { pagesHandler } from '../scripts/start/pages-server.ts';
import { openCdn, type CdnMode } from './world/pages-cdn.ts';
import { startServer } from './world/start-server.ts';

const INDEX = (commit: string) => JSON.stringify({ version: 1, endpoints: [], commit });

let folder: string;
/** Current time in milliseconds. */
let time: number;
let cdn: ReturnType<typeof openCdn>;
let site: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdn-'));
  mkdirSync(join(folder, 'api'));
  writeFileSync(join(folder, 'api/index.json'), INDEX('a'));
  time = 0;
  cdn = openCdn(() => time);
  const origin = pagesHandler(folder, '/repo');
  const server = createServer((incoming, outgoing) => void cdn.answer(incoming, outgoing, origin));
  site = `${await startServer(server)}/repo`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
});

function ask(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; body: Buffer }>(
    (done) => {
      request(`${site}${path}`, { headers }, (answer) => {
        void buffer(answer).then((body) =>
          done({ status: answer.statusCode, headers: answer.headers, body }),
        );
      }).end();
    },
  );
}

// As seen in KCNyu/clawock#367: the origin has the new file some minutes after a successful deployment.
test.each<[CdnMode, number]>([
  ['purged', 250],
  ['by address', 250],
  ['by path', 840],
])('finds that a deployment is live when the CDN is %s, after %i s', async (mode, seconds) => {
  cdn.mode = mode;
  const clock = {
    now: () => time,
    sleep: (ms: number) => {
      time += ms;
      if (time >= 245_000 && time - ms < 245_000) {
        writeFileSync(join(folder, 'api/index.json'), INDEX('b'));
        cdn.deployed();
      }
      return Promise.resolve();
    },
  };
  time = -360_000;
  await ask('/api/index.json');
  time = 0;
  const options = { waitMs: LIVE_MINUTES * 60_000, pauseMs: 10_000, deployPage: 'Deploy', clock };
  expect(await checkLive(site, INDEX('b'), options)).toEqual({ isServed: true, seconds });
});

test('text for a browser is compressed, and files that it already has are not sent again', async () => {
  writeFileSync(join(folder, 'a.tar.gz'), 'bytes');
  const gzip = { 'accept-encoding': 'gzip, br' };
  const text = await ask('/api/index.json', gzip);
  expect(text.headers).toMatchObject({
    'content-encoding': 'gzip',
    'cache-control': 'public, max-age=600',
    vary: 'Accept-Encoding',
  });
  expect(gunzipSync(text.body).toString()).toBe(INDEX('a'));
  const plain = await ask('/api/index.json');
  expect(plain.headers).toMatchObject({ 'x-cache': 'HIT', age: '0' });
  expect(plain.headers).not.toHaveProperty('content-encoding');
  expect(plain.body.toString()).toBe(INDEX('a'));
  expect((await ask('/a.tar.gz', gzip)).body.toString()).toBe('bytes');
  expect((await ask('/missing', gzip)).status).toBe(404);
  const etag = String(plain.headers['etag']);
  expect(await ask('/api/index.json', { 'if-none-match': etag })).toMatchObject({ status: 304 });
  expect(await ask('/api/index.json', { range: 'bytes=0-0' })).toMatchObject({ status: 206 });
});
