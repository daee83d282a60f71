import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { findTool, TEST_LOGIN } from '../../tests/world/registry.ts';
import { useServers } from '../../tests/world/servers.ts';
import { openRegistry } from './open-registry.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 10;

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TREE_TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
const FAST = { idleMs: 20_000 };
const run = promisify(execFile);
const servers = useServers();

test('names the command to log in, then uses the login that "oras login" wrote, for that host only', async () => {
  const { host } = await servers.startRegistry({ login: true });
  const registry = openRegistry(`${host}/cache`, FAST);
  const message = `${host} asks for a login to use cache (401); run "oras login ${host}" first`;
  await expect(registry.describeTag('x')).rejects.toThrow(message);
  await expect(registry.push(BY_SPACK)).rejects.toThrow(message);
  const { username, password } = TEST_LOGIN;
  await run(findTool('oras'), ['login', '--plain-http', '-u', username, '-p', password, host]);
  const loggedIn = openRegistry(`${host}/cache`, FAST);
  await loggedIn.push(BY_SPACK);
  expect(await loggedIn.describeTag(TREE_TAG)).toBeDefined();

  const other = await servers.startProxy(host, () => false);
  await expect(openRegistry(`http://${other.host}/cache`, FAST).describeTag('x')).rejects.toThrow(
    /asks for a login/,
  );
  expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined]);

  await servers.writeDockerConfig({
    auths: { [host]: { auth: Buffer.from('tester:wrong').toString('base64') } },
  });
  const refused = openRegistry(`${host}/cache`, FAST);
  await expect(refused.describeTag('x')).rejects.toThrow(`the login for ${host} is refused for cache (401)`);
});

test('asks a credential helper when the Docker configuration names one', async () => {
  const { host } = await servers.startRegistry({ login: true });
  await servers.writeDockerConfig({ credHelpers: { [host]: 'of-this-test' } });
  const registry = openRegistry(`${host}/cache`, FAST);
  await expect(registry.describeTag('x')).rejects.toThrow(
    'names the credential helper docker-credential-of-this-test, which is not on PATH',
  );
  const secret = JSON.stringify({ Username: TEST_LOGIN.username, Secret: TEST_LOGIN.password });
  const script = `#!/bin/sh\nread host; [ "$1 $host" = "get ${host}" ] && echo '${secret}'\n`;
  await writeFile(servers.file('docker-credential-of-this-test'), script, { mode: 0o755 });
  vi.stubEnv('PATH', `${servers.file('')}:${process.env['PATH']}`);
  expect(await registry.describeTag('x')).toBeUndefined();

  await writeFile(servers.file('docker-credential-of-this-test'), '#!/bin/sh\necho c2VjcmV0\n');
  const failure = openRegistry(`${host}/cache`, FAST).describeTag('x');
  await expect(failure).rejects.toThrow(
    'docker-credential-of-this-test: expected its answer to be a login, found something else',
  );
});

test('never quotes a Docker configuration that it cannot read', async () => {
  const { host } = await servers.startRegistry({ login: true });
  await writeFile(servers.file('config.json'), '{"auths": "c2VjcmV0"');
  const failure = openRegistry(`${host}/cache`, FAST).describeTag('x');
  await expect(failure).rejects.toThrow(/config\.json: expected the file that "oras login" writes/);
  await expect(failure).rejects.not.toThrow(/c2VjcmV0/);
});

test('gets an anonymous token once, and a new one when it has expired', async () => {
  const { host } = await servers.startRegistry();
  await openRegistry(`${host}/cache`).push(BY_SPACK);
  const tokens: string[] = [];
  let expired = false;
  const proxy = await servers.startProxy(host, (incoming, outgoing) => {
    if (incoming.url?.startsWith('/token?')) {
      tokens.push(incoming.url);
      outgoing.end(JSON.stringify({ token: `t${tokens.length}` }));
      return true;
    }
    if (incoming.headers.authorization === (expired ? 'Bearer t2' : 'Bearer t1')) return false;
    const realm = `http://${incoming.headers.host}/token`;
    outgoing.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="test"` }).end();
    return true;
  });
  const registry = openRegistry(`http://${proxy.host}/cache`, FAST);
  const tags = Array.from({ length: 5 }, () => TREE_TAG);
  for (const found of await Promise.all(tags.map((tag) => registry.describeTag(tag))))
    expect(found).toBeDefined();
  expect(tokens).toEqual(['/token?service=test&scope=repository%3Acache%3Apull']);
  expired = true;
  expect(await registry.describeTag(TREE_TAG)).toBeDefined();
  expect(tokens).toHaveLength(2);
});

test('sends no login when a blob is redirected to another host', async () => {
  const { host } = await servers.startRegistry({ login: true });
  const auth = Buffer.from(`${TEST_LOGIN.username}:${TEST_LOGIN.password}`).toString('base64');
  const store = await servers.startProxy(host, (_, outgoing) => Boolean(outgoing.end('bytes')));
  const front = await servers.startProxy(host, (incoming, outgoing) => {
    if (!incoming.headers.authorization || !incoming.url?.includes('/blobs/')) return false;
    outgoing.writeHead(307, { location: `http://${store.host}/somewhere?signed=1` }).end();
    return true;
  });
  await servers.writeDockerConfig({ auths: { [front.host]: { auth }, [store.host]: { auth } } });
  const blob = { digest: `sha256:${createHash('sha256').update('bytes').digest('hex')}`, size: 5 };
  const bytes = await openRegistry(`http://${front.host}/cache`, FAST).readBlob(blob);
  expect(String(bytes)).toBe('bytes');
  expect(front.seen.map(({ authorization }) => authorization)).toEqual([undefined, `Basic ${auth}`]);
  expect(store.seen).toEqual([{ line: 'GET /somewhere?signed=1', authorization: undefined }]);
});
