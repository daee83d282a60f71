import { createServer } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { describeError } from '../../scripts/cli/command.ts';
import { openApi } from '../../scripts/github/api.ts';
import { listRunArtifacts } from '../../scripts/github/run-artifacts.ts';
import { openRegistry } from '../../scripts/oci/open-registry.ts';
import { startServer } from '../world/start-server.ts';
import { holds, mutated } from './fuzz.ts';
import { pace } from '../../scripts/http/retry.ts';

pace.secondMs = 1;

/**
 * A mutated response of GitHub's APIs or of a registry, which must be read, or refused in one sentence
 * without a stack.
 */

interface Answer {
  body: string;
  /** Response of the token endpoint. */
  token: string;
  link: string;
  challenge: string;
}

const DIGEST = `sha256:${'a'.repeat(64)}`;
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: DIGEST, size: 2 },
  layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: DIGEST, size: 2 }],
});
const TAGS = JSON.stringify({ name: 'owner/cache', tags: ['zlib-1.3-abc.spack', 'index.spack'] });
const ARTIFACTS = JSON.stringify({
  total_count: 1,
  artifacts: [{ id: 1, name: 'build-0-1', size_in_bytes: 10, expired: false, digest: DIGEST }],
});
const GRAPHQL = JSON.stringify({
  data: { createCommitOnBranch: { commit: { oid: 'abc', url: 'https://x' } } },
  errors: [{ message: 'Expected branch to point to x', type: 'STALE_DATA', path: ['createCommitOnBranch'] }],
});

let now: Answer = { body: '', token: '', link: '', challenge: '' };
let address = '';
const server = createServer((request, response) => {
  const type = { 'content-type': 'application/json' };
  if (request.url?.startsWith('/token')) response.writeHead(200, type).end(now.token);
  else if (now.challenge !== '' && request.headers.authorization === undefined)
    response.writeHead(401, { ...type, 'www-authenticate': now.challenge }).end('{}');
  else response.writeHead(200, { ...type, ...(now.link && { link: now.link }) }).end(now.body);
});

beforeAll(async () => {
  address = await startServer(server);
});
afterAll(() => server.close());

/** Header values that Node accepts. */
const header = (corpus: string[]): fc.Arbitrary<string> =>
  mutated(corpus).map((text) => text.replaceAll(/[^\x20-\x7e]/g, ''));

async function readOrRefuse(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    // Errors thrown by JavaScript itself are bugs.
    expect(error).not.toBeInstanceOf(TypeError);
    expect(error).not.toBeInstanceOf(RangeError);
    expect(error).not.toBeInstanceOf(SyntaxError);
    const text = describeError(error);
    expect(text).not.toMatch(/\n\s+at |\[object|\n {2}\| [{}[\]]/);
    expect(text.length).toBeLessThan(4_000);
  }
}

const environment = (): Record<string, string> => ({
  ...{ GITHUB_API_URL: address, GITHUB_TOKEN: 't', GITHUB_REPOSITORY: 'owner/cache', GITHUB_RUN_ID: '1' },
});

test('a listing of artifacts', () =>
  holds(
    mutated([ARTIFACTS]),
    async (body) => {
      now = { body, token: '', link: '', challenge: '' };
      await readOrRefuse(() => listRunArtifacts(environment()));
    },
    0.2,
  ));

test('a response of GraphQL', () =>
  holds(
    mutated([GRAPHQL]),
    async (body) => {
      now = { body, token: '', link: '', challenge: '' };
      const schema = z.object({ createCommitOnBranch: z.object({ commit: z.object({ oid: z.string() }) }) });
      const api = openApi(environment());
      await readOrRefuse(() => api.ask('mutation { x }', {}, schema, { canRepeat: false }));
    },
    0.2,
  ));

test('pages of tags that link to each other end', async () => {
  const circle = createServer((request, response) => {
    const [, last] = /last=(\w)/.exec(request.url ?? '') ?? [];
    const link = `</v2/owner/cache/tags/list?last=${last === 'a' ? 'b' : 'a'}>; rel="next"`;
    response.writeHead(200, { 'content-type': 'application/json', link }).end(TAGS);
  });
  const pages = await startServer(circle);
  await expect(openRegistry(`${pages}/owner/cache`).listTags()).rejects.toThrow(
    /expected the next page of at most 10000 of tags, found one that was read already/,
  );
  circle.close();
});

test('manifests, lists of tags and responses of a token endpoint', () =>
  holds(
    fc.tuple(
      fc.oneof(mutated([MANIFEST]), mutated([TAGS])),
      mutated(['{"token":"abc","expires_in":300}', '{"access_token":"abc"}']),
      fc.oneof(fc.constant(''), header(['</v2/owner/cache/tags/list?n=100&last=x>; rel="next"'])),
      fc.oneof(
        fc.constant(''),
        header([`Bearer realm="ADDRESS/token",service="s",scope="repository:owner/cache:pull"`]),
      ),
    ),
    async ([body, token, link, challenge]) => {
      now = { body, token, link, challenge: challenge.replace('ADDRESS', address) };
      const registry = openRegistry(`${address}/owner/cache`);
      await readOrRefuse(() => registry.readManifest('tag'));
      await readOrRefuse(() => registry.listTags());
    },
    0.2,
  ));
