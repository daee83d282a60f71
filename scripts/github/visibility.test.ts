import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { TEST_LOGIN } from '../../tests/world/registry.ts';
import { useServers } from '../../tests/world/servers.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { describePrivate, describeVisibility } from './visibility.ts';

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
const servers = useServers();

test('reports a private registry, even to somebody who is logged in', async () => {
  const { host } = await servers.startRegistry({ login: true });
  const auth = Buffer.from(`${TEST_LOGIN.username}:${TEST_LOGIN.password}`).toString('base64');
  await servers.writeDockerConfig({ auths: { [host]: { auth } } });
  await openRegistry(`${host}/cache`).push(BY_SPACK);
  expect(await look(`${host}/cache`)).toEqual([expect.stringMatching(/\/cache is private: .* anonymous/)]);
});

test('reports nothing when everybody may pull, and when there is nothing to check', async () => {
  const { host } = await servers.startRegistry();
  await openRegistry(`${host}/cache`).push(BY_SPACK);
  expect(await look(`${host}/cache`)).toEqual([]);
  expect(await look('oci-layout:somewhere')).toEqual([]);
  expect(await describeVisibility('127.0.0.1:1/cache', [], {})).toEqual([]);
});

test('never fails, since the push has succeeded', async () => {
  expect(await look('127.0.0.1:1/cache')).toEqual([expect.stringMatching(/is not known: .*127\.0\.0\.1:1/)]);
});

test("names the page for making a package of GitHub's registry public", () => {
  const settings = 'packages/container/cache/settings';
  const event = { GITHUB_REPOSITORY: 'Owner/Cache', GITHUB_EVENT_PATH: servers.file('event.json') };
  for (const [type, pages] of [
    ['User', `https://github.com/users/owner/${settings}`],
    ['Organization', `https://github.com/orgs/owner/${settings}`],
    [
      undefined,
      `https://github.com/users/owner/${settings} (of an organization: https://github.com/orgs/owner/${settings})`,
    ],
  ]) {
    writeFileSync(event.GITHUB_EVENT_PATH, JSON.stringify({ repository: { owner: { type } } }));
    expect(describePrivate('ghcr.io/owner/cache', event)).toBe(
      `ghcr.io/owner/cache is private: nobody but you can use its binaries. To make it public, open ${pages}, ` +
        'choose "Change visibility" under "Danger Zone", then "Public" (GitHub may make a new package private, and ' +
        'only that page can change it).',
    );
  }
  const elsewhere = {
    GITHUB_REGISTRIES: 'containers.example.org',
    GITHUB_SERVER_URL: 'https://git.example.org',
  };
  expect(describePrivate('containers.example.org/owner/a/b', elsewhere)).toContain(
    'https://git.example.org/users/owner/packages/container/a%2Fb/settings',
  );
  expect(describePrivate('ghcr.io/owner/cache', elsewhere)).toMatch(/allow anonymous pulls there\.$/);
});

function look(reference: string): Promise<string[]> {
  return describeVisibility(reference, [{ image: { tag: TAG } }], {});
}
