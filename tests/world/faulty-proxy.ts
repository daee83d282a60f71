import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Until what was sent has arrived. */
const CUT_MS = 50;

/** A proxy in front of a real registry that answers some requests itself. */
export interface FaultyProxy {
  /** `127.0.0.1:PORT` */
  host: string;
  /** Every request so far, as `METHOD /path`, with its `Authorization` if it had one. */
  seen: { line: string; authorization: string | undefined }[];
  stop(): Promise<void>;
}

/**
 * Answers a request and returns true, or leaves it to the registry; `lose`: the registry does it, and its answer is lost;
 * `cut`: its answer breaks off.
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
    // The Host header stays the proxy's, so that the registry's upload addresses lead through the proxy again.
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

/** Sends half of an answer, and of one without a body nothing. */
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

/** A fault that answers the first requests that match with a status, then leaves them alone. */
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
