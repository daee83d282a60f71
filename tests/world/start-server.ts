import type { Server } from 'node:net';

/** Starts a server on a free port of 127.0.0.1, and returns its address. */
export async function startServer(server: Server): Promise<string> {
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return `http://127.0.0.1:${address.port}`;
}
