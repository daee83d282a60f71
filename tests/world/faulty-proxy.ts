import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Time for sent data to arrive. */
const CUT_MS = 50;

/** A proxy in front of a real registry that answers some requests itself. */
export interface FaultyProxy {
  /** Address `127.0.0.1:PORT`. */
  host: string;
  /** Every request so far, as `METHOD /path`, with its `Authorization` header, if any. */
  seen: { line: string; authorization: string | undefined }[];
  stop(): Promise<void>;
}

/**
 * Answers a request and returns true, or leaves it to the registry. With `lose` the registry handles it, but
 * its response is lost; with `cut` its response breaks off.
 */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean | 'lose' | 'cut';

/** Starts a proxy on a free port of 127.0.0.1. @param target `127.0.0.1:PORT` of a plain HTTP registry */
export async function startFaultyProxy(target: string, fault: Fault): Promise<FaultyProxy> {
  const seen: FaultyProxy['seen'] = [];
  const { host, stop } = await listen((incoming, outgoing) => {
    seen.push({ line: `${incoming.method} ${incoming.url}`, authorization: incoming.headers.authorization });
    const verdict = fault(incoming, outgoing);
    if (verdict === true) {
      incoming.resume();
      return;
    }
    // Keeps the proxy's Host header, so that the registry's upload addresses go through the proxy again.
    const { method, url, headers } = incoming;
    const onward = request(`http://${target}${url}`, { method, headers }, (answer) => {
      if (verdict === 'lose') {
        answer.resume().once('end', () => incoming.socket.destroy());
        return;
      }
      if (verdict === 'cut') {
        void buffer(answer).then((body) => cut(answer, body, outgoing));
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  return { host, seen, stop };
}

/** Sends half of a response, or nothing if it has no body. */
function cut({ statusCode = 502, headers }: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
  if (body.length === 0) return void outgoing.destroy();
  const { 'transfer-encoding': _, ...others } = headers;
  outgoing.writeHead(statusCode, { ...others, 'content-length': body.length });
  outgoing.write(body.subarray(0, body.length / 2), () => setTimeout(() => outgoing.destroy(), CUT_MS));
}

/** Starts an HTTP server on a free port of 127.0.0.1. */
export async function listen(
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<{ host: string; stop(): Promise<void> }> {
  const server = createServer(answer);
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(portOf(server.address())));
  });
  async function stop(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return { host: `127.0.0.1:${port}`, stop };
}

/** Creates a fault that answers the first matching requests with a status. */
export function failFirst(times: number, status: number, matches: (line: string) => boolean): Fault {
  let left = times;
  return (incoming, outgoing) => {
    if (left === 0 || !matches(`${incoming.method} ${incoming.url}`)) return false;
    left -= 1;
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ errors: [{ code: 'TEST', message: `told to fail with ${status}` }] }));
    return true;
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return address.port;
}
