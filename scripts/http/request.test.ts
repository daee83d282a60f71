import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { startServer } from '../../tests/world/start-server.ts';
import { ask, readLimited, send } from './request.ts';

const IDLE_MS = 5_000;
const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

test('sends neither a login nor a body to another origin', async () => {
  const seen: unknown[] = [];
  const other = await serve(({ headers }, response) => {
    seen.push(headers.authorization);
    response.end('there');
  });
  const first = await serve(
    (_request, response) => void response.writeHead(307, { location: `${other}/x` }).end(),
  );
  const headers = { Authorization: 'Basic c2VjcmV0' };
  const answer = await send(first, { headers, idleMs: IDLE_MS });
  expect([await text(answer.body), seen]).toEqual(['there', [undefined]]);
  await expect(
    send(first, { method: 'POST', body: 'refresh_token=secret', idleMs: IDLE_MS }),
  ).rejects.toThrow(`${first} redirects an upload to ${other}; nothing was sent there`);
  expect(seen).toHaveLength(1);
});

test('follows a redirect to an http(s) address only', async () => {
  for (const location of ['file:///etc/passwd', 'data:text/plain,x']) {
    const url = await serve((_request, response) => void response.writeHead(302, { location }).end());
    await expect(ask(url)).rejects.toThrow(
      `${url} redirects to ${new URL(location).protocol}, expected an http(s) address`,
    );
  }
});

test('reports at once a port that fetch never connects to', async () => {
  await expect(ask('http://127.0.0.1:9/x')).rejects.toThrow(
    'http://127.0.0.1:9: neither a browser nor Node connects to this port; use another one',
  );
  await expect(ask('http://127.0.0.1:9/x')).rejects.toMatchObject({ isTemporary: false });
});

test('stops reading a body at its limit', async () => {
  let sent = 0;
  const url = await serve((_request, response) => {
    const chunk = Buffer.alloc(65_536);
    const write = () => {
      do sent += chunk.length;
      while (response.write(chunk) && !response.destroyed);
    };
    response.on('drain', write);
    write();
  });
  const answer = await send(`${url}/endless`, { idleMs: IDLE_MS });
  await expect(readLimited(answer, 2 ** 20)).rejects.toThrow(
    `${url}/endless: expected at most 1.05 MB, found more`,
  );
  expect(sent).toBeLessThan(100 * 2 ** 20);
});

/** Writes a chunk again and again, until the client leaves or there were so many. */
function drip(response: ServerResponse, chunk: Buffer, everyMs: number, times = Infinity): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(chunk);
    sent += 1;
    if (sent >= times) response.end();
  }, everyMs);
  response.once('close', () => clearInterval(timer));
  response.once('finish', () => clearInterval(timer));
}

test('ends a transfer that would take for ever, although it is never silent', async () => {
  const url = await serve((_request, response) => drip(response, Buffer.alloc(1), 20));
  const answer = await send(`${url}/drip`, { idleMs: 2_000 });
  const failure = readLimited(answer, 2 ** 20);
  await expect(failure).rejects.toThrow(
    /^http:\S+ sent \d+ bytes in \d seconds, expected at least 1 kB a second$/,
  );
  await expect(failure).rejects.toMatchObject({ isTemporary: true });
});

test('reads to its end what a slow line sends, longer than any wait', async () => {
  const url = await serve((_request, response) => drip(response, Buffer.alloc(2_000), 100, 35));
  const answer = await send(`${url}/slow`, { idleMs: 3_000 });
  expect(await readLimited(answer, 2 ** 20)).toHaveLength(70_000);
});

function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  return startServer(server);
}
