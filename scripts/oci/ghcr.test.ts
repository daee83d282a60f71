import { createHash } from 'node:crypto';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { SECONDARY_LIMIT, TOO_MANY, type Ghcr } from '../../tests/world/ghcr.ts';
import { useServers } from '../../tests/world/servers.ts';
import { describeVisibility } from '../github/visibility.ts';
import { openRegistry } from './open-registry.ts';
import type { Registry } from './registry.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 10;

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TREE_TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
const NO_BLOB = { digest: `sha256:${createHash('sha256').update('none').digest('hex')}`, size: 4 };
const TOKEN = 'token of the run';
const FAST = { idleMs: 20_000 };
const servers = useServers();

function open({ host }: Ghcr, options: object = {}): Registry {
  return openRegistry(`http://${host}/owner/cache`, { ...FAST, ...options });
}

/** Logs in as `scripts/login.ts` does in a workflow. */
async function logIn({ host }: Ghcr, token = TOKEN): Promise<void> {
  await servers.writeDockerConfig({
    auths: { [host]: { auth: Buffer.from(`owner:${token}`).toString('base64') } },
  });
}

test.each([{ absent: 404 }, { absent: 403 }, { tokenForAbsent: 403 }, { tokenForAbsent: 401 }] as const)(
  'treats a package that was never pushed as empty, and pushes to it (%j)',
  async (answers) => {
    const ghcr = await servers.startGhcr({ token: TOKEN, ...answers });
    await logIn(ghcr);
    const registry = open(ghcr);
    expect(await registry.describeTag(TREE_TAG)).toBeUndefined();
    expect(await registry.readManifest(TREE_TAG)).toBeUndefined();
    expect(await registry.hasBlob(NO_BLOB)).toBe(false);
    await registry.push(BY_SPACK);
    const image = await open(ghcr).readManifest(TREE_TAG);
    expect(image?.manifest.layers).toHaveLength(2);
    expect((await open(ghcr).describeTag(TREE_TAG))?.digest).toBe(image?.descriptor.digest);
    expect(await open(ghcr).hasBlob(NO_BLOB)).toBe(false);
  },
);

test.each([401, 403] as const)(
  'sees that a new package is private, and when it was made public (%i)',
  async (anonymous) => {
    const ghcr = await servers.startGhcr({ token: TOKEN, anonymous });
    await logIn(ghcr);
    await open(ghcr).push(BY_SPACK);
    const look = () =>
      describeVisibility(`http://${ghcr.host}/owner/cache`, [{ image: { tag: TREE_TAG } }], {
        GITHUB_REGISTRIES: ghcr.host,
      });
    expect(await look()).toEqual([expect.stringMatching(/is private: .*"Change visibility"/)]);
    ghcr.makePublic('owner/cache');
    expect(await look()).toEqual([]);
  },
);

test('reads blobs from where they are redirected to, without the login', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  await logIn(ghcr);
  await open(ghcr).push(BY_SPACK);
  ghcr.stored.splice(0);
  const [layer] = (await open(ghcr).readManifest(TREE_TAG))?.manifest.layers ?? [];
  if (!layer) throw new Error('no layer');
  expect(await open(ghcr).readBlob(layer)).toHaveLength(layer.size);
  expect(ghcr.stored).toEqual([{ line: expect.stringContaining('sig='), authorization: undefined }]);
});

test.each([
  ['HEAD', TOO_MANY],
  ['GET', TOO_MANY],
  ['POST', TOO_MANY],
  ['PUT', TOO_MANY],
  ['HEAD', SECONDARY_LIMIT],
  ['GET', SECONDARY_LIMIT],
  ['POST', SECONDARY_LIMIT],
  ['PUT', SECONDARY_LIMIT],
])('never mistakes a rate limit for a missing package: %s %j', async (method, { status, body }) => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  await logIn(ghcr);
  await open(ghcr).push(BY_SPACK);
  let left = 3;
  ghcr.fault = (incoming, outgoing) => {
    const isOne = incoming.method === method || (method === 'HEAD' && incoming.method === 'GET');
    if (left === 0 || !isOne || !incoming.url?.startsWith('/v2/')) return false;
    left -= 1;
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(incoming.method === 'HEAD' ? undefined : body);
    return true;
  };
  if (method === 'HEAD') expect(await open(ghcr).describeTag(TREE_TAG)).toBeDefined();
  else if (method === 'GET') expect(await open(ghcr).readManifest(TREE_TAG)).toBeDefined();
  else await openRegistry(`http://${ghcr.host}/owner/other`, FAST).push(BY_SPACK);
  expect(left).toBe(0);
});

test('quotes a refusal and says which page to open and what to choose, never a command, inside a workflow', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  await logIn(ghcr);
  await open(ghcr).push(BY_SPACK);
  ghcr.denyWriting('owner/cache');
  vi.stubEnv('GITHUB_ACTIONS', 'true');
  vi.stubEnv('GITHUB_REPOSITORY', 'Owner/Other');
  const digest = (await open(ghcr).describeTag(TREE_TAG))?.digest;
  if (!digest) throw new Error('no image');
  await expect(open(ghcr).pointTag('other', digest)).rejects.toThrow(
    `the login for ${ghcr.host} is refused for owner/cache (403): "permission_denied: write_package"; open ` +
      'https://github.com/users/owner/packages/container/cache/settings (of an organization: ' +
      'https://github.com/orgs/owner/packages/container/cache/settings) and, under "Manage Actions access", choose ' +
      '"Add Repository", Owner/Other, with the role "Write"',
  );
  await logIn(ghcr, 'expired');
  const failure = open(ghcr).push(BY_SPACK);
  await expect(failure).rejects.toThrow(/is refused for owner\/cache \(403\).*Manage Actions access/);
  await expect(failure).rejects.not.toThrow(/oras login/);
});

test('explains that a run cannot push to a package of another owner', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN, owner: () => 'Owner' });
  await logIn(ghcr);
  await open(ghcr).push(BY_SPACK);
  vi.stubEnv('GITHUB_ACTIONS', 'true');
  vi.stubEnv('GITHUB_REPOSITORY', 'Owner/Cache');
  const other = openRegistry(`http://${ghcr.host}/owner-2/cache`, FAST);
  await expect(other.push(BY_SPACK)).rejects.toThrow(
    'is refused for owner-2/cache (403): "permission_denied: create_package"; a workflow may push only to packages of owner',
  );
});

test('says what a job needs to create a new package', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN, mayCreate: false, absent: 403 });
  await logIn(ghcr);
  vi.stubEnv('GITHUB_ACTIONS', 'true');
  expect(await open(ghcr).describeTag(TREE_TAG)).toBeUndefined();
  await expect(open(ghcr).push(BY_SPACK)).rejects.toThrow(
    /"installation not allowed to Create organization package"; give the job "packages: write", and let /,
  );
});

test('explains why a layer above the limit and an upload that takes too long fail', async () => {
  const large = await servers.startGhcr({ token: TOKEN, layerLimitBytes: 1_000 });
  await logIn(large);
  await expect(open(large).push(BY_SPACK)).rejects.toThrow(
    /^pushing to .*\/owner\/cache failed: .*layer too large.*at most 10 GB/s,
  );
  const slow = await servers.startGhcr({ token: TOKEN, uploadLimitMs: 0 });
  await logIn(slow);
  await expect(open(slow).push(BY_SPACK)).rejects.toThrow(
    /^pushing to .*\/owner\/cache failed: .*ends an upload after 10 minutes/s,
  );
});

test('the simulated ghcr.io: a token may do what its job grants', async () => {
  const levels = { 'Build/publish': 'write', 'Check/examine': 'read' } as const;
  const packagesOf = (job: string) => (job in levels ? levels[job as keyof typeof levels] : undefined);
  const ghcr = await servers.startGhcr({ token: TOKEN, packagesOf });
  await logIn(ghcr, `${TOKEN}#Build/publish`);
  await open(ghcr).push(BY_SPACK);
  await logIn(ghcr, `${TOKEN}#Check/examine`);
  const digest = (await open(ghcr).describeTag(TREE_TAG))?.digest;
  await expect(open(ghcr).pointTag('other', digest ?? '')).rejects.toThrow(
    /permission_denied: write_package/,
  );
  await logIn(ghcr, `${TOKEN}#Build/choose`);
  // Like a package that does not exist.
  expect(await open(ghcr).readManifest(TREE_TAG)).toBeUndefined();
});

test('the simulated ghcr.io: pages of tags, no referrers, no deletion, checked Accept and Content-Range', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  await logIn(ghcr);
  await open(ghcr).push(BY_SPACK);
  const authorization = `Bearer ${Buffer.from(TOKEN).toString('base64')}`;
  const ask = (part: string, init: RequestInit = {}) =>
    fetch(`http://${ghcr.host}/v2/${part}`, { ...init, headers: { authorization, ...init.headers } });
  expect((await ask('owner/cache/tags/list?n=2')).headers.get('link')).toMatch(/rel="next"/);
  expect((await ask(`owner/cache/referrers/${NO_BLOB.digest}`)).status).toBe(404);
  expect((await ask(`owner/cache/manifests/${NO_BLOB.digest}`, { method: 'DELETE' })).status).toBe(405);
  const typed = await ask(`owner/cache/manifests/${TREE_TAG}`, { headers: { accept: 'text/plain' } });
  expect([typed.status, await typed.text()]).toEqual([
    404,
    expect.stringMatching(/OCI manifest found, but accept/i),
  ]);
  const upload = await ask('owner/cache/blobs/uploads/', { method: 'POST' });
  expect(upload.headers.get('location')).toContain('/blobs/upload/');
  const body = Buffer.alloc(5 * 2 ** 20);
  const headers = { authorization, 'content-range': `0-${body.length - 1}` };
  const part = await fetch(upload.headers.get('location') ?? '', { method: 'PATCH', headers, body });
  expect(part.status).toBe(416);
  expect((await fetch(`http://${ghcr.host}/v2/`)).headers.get('www-authenticate')).toContain(
    'user/image:pull',
  );
  const basic = { authorization: 'Basic b3duZXI6eA==' };
  const direct = await fetch(`http://${ghcr.host}/v2/`, { headers: basic });
  expect([direct.status, direct.headers.get('www-authenticate')]).toEqual([403, null]);
});
