import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { startServer } from '../../tests/world/start-server.ts';
import { fetchCache } from './fetch-cache.ts';

test.each([
  ['lists in one another', '['.repeat(4_000_000), /nested deeper/],
  ['keys without end', `{${'"a":0,'.repeat(600_001)}"b":0}`, /more than 600000 keys/],
  ['texts without end', `[${'"",'.repeat(1_500_001)}0]`, /more than 1500000 texts/],
  ['values without end', `[${'0,'.repeat(3_000_001)}0]`, /more than 3000000 values/],
  ['lists without end', `[${'[],'.repeat(1_200_000)}[]]`, /more than 1000000 lists/],
])('refuses %s before they fill the memory', async (_, body, cause) => {
  const server = createServer(({ url = '' }, response) => {
    response.end(url.endsWith('/index.json') ? '{"version":1}' : body);
  });
  const address = await startServer(server);
  try {
    const error: unknown = await fetchCache(address).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: `${address}/api/specs.json: expected a document of this API, version 1, found text that is not JSON; check the address`,
      cause: { message: expect.stringMatching(cause) as string },
    });
  } finally {
    server.close();
  }
});
