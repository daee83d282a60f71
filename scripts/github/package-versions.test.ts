import path from 'node:path';
import { expect, test } from 'vitest';
import { useServers } from '../../tests/world/servers.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { deleteReplacedVersion } from './package-versions.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TREE_TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
const TOKEN = 'token of the run';
const servers = useServers();

test('deletes a replaced version without a tag, never a tagged one, and warns without permission', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  await servers.writeDockerConfig({
    auths: { [ghcr.host]: { auth: Buffer.from(`owner:${TOKEN}`).toString('base64') } },
  });
  const reference = `http://${ghcr.host}/owner/cache`;
  const environment = {
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: `http://${ghcr.host}`,
    GITHUB_REGISTRIES: ghcr.host,
  };
  const registry = openRegistry(reference);
  await registry.push(BY_SPACK);
  const replaced = (await registry.describeTag('index.spack'))?.digest;
  const tree = (await registry.describeTag(TREE_TAG))?.digest;
  if (!replaced || !tree) throw new Error('no image');
  const remove = (digest: string) => deleteReplacedVersion(reference, digest, environment);
  const count = (await ghcr.versions('owner/cache')).length;

  expect(await remove(replaced)).toBeUndefined();
  expect(await ghcr.versions('owner/cache')).toHaveLength(count);
  await registry.pointTag('index.spack', tree);
  expect(await remove(replaced)).toBeUndefined();
  const left = await ghcr.versions('owner/cache');
  expect(left).toHaveLength(count - 1);
  expect(left.map(({ digest }) => digest)).not.toContain(replaced);
  expect(await registry.describeTag('index.spack')).toBeDefined();
  expect(await remove(replaced)).toBeUndefined();

  ghcr.denyWriting('owner/cache');
  expect(await remove(tree)).toMatch(/could not be deleted and stays without a tag, which does no harm/);
  expect(await deleteReplacedVersion('oci-layout:x', tree, environment)).toBeUndefined();
  expect(await deleteReplacedVersion('registry.example.org/x', tree, environment)).toBeUndefined();
});
