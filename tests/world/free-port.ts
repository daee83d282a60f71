import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Below the ports that Linux (32768) and macOS (49152) give to connections and to servers on port 0. */
const [FIRST, END] = [20_000, 32_768];

/**
 * Finds an unused port of 127.0.0.1 for a program that cannot take any: no other program gets it meanwhile, except
 * one that asks for this number.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    const server = await occupy(port).catch(() => undefined);
    if (server === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Listens on a port of 127.0.0.1; throws when it is busy. */
export function occupy(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
