import path from 'node:path';
import { expect, test } from 'vitest';
import { useServers } from '../../tests/world/servers.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { openDeleter } from './delete-images.ts';

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const TREE_TAG = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack';
const TOKEN = 'token of the run';
const servers = useServers();

test('deletes versions of a GitHub package, keeps versions that have another tag now, and stops at a refusal', async () => {
  const ghcr = await servers.startGhcr({ token: TOKEN });
  await servers.writeDockerConfig({
    auths: { [ghcr.host]: { auth: Buffer.from(`owner:${TOKEN}`).toString('base64') } },
  });
  const environment = {
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: `http://${ghcr.host}`,
    GITHUB_REGISTRIES: ghcr.host,
  };
  const registry = openRegistry(`http://${ghcr.host}/owner/cache`);
  await registry.push(BY_SPACK);
  const versions = (await ghcr.versions('owner/cache')).filter(({ tags }) => tags[0]?.endsWith('.spack'));
  const images = versions
    .filter(({ tags: [tag] }) => tag !== 'index.spack')
    .map(({ digest, tags: [tag = ''] }) => ({ digest, tag }));
  expect(images.length).toBeGreaterThanOrEqual(4);
  const tree = images.find(({ tag }) => tag === TREE_TAG);
  if (!tree) throw new Error('expected tree in the fixture');
  await registry.pointTag('my-own-tag', tree.digest);

  const remove = openDeleter(registry, { ...process.env, ...environment });
  const gone = `sha256:${'0'.repeat(64)}`;
  const [wanted, ...others] = images.filter(({ digest }) => digest !== tree.digest);
  const isWanted = (digest: string) => Promise.resolve(digest === wanted?.digest);
  const result = await remove([...images, { tag: 'never.spack', digest: gone }], isWanted);
  expect(result).toEqual({ gone: new Set([tree.digest, gone, ...others.map(({ digest }) => digest)]) });
  const left = (await ghcr.versions('owner/cache')).flatMap(({ tags }) => tags).sort();
  expect(left).toEqual(expect.arrayContaining(['index.spack', 'my-own-tag']));
  expect(left.filter((tag) => tag.endsWith('.spack') && tag !== 'index.spack')).toEqual(
    [TREE_TAG, wanted?.tag ?? ''].sort(),
  );

  // GitHub deletes the version but its response is lost: the second request finds no such version.
  let isLost = false;
  ghcr.fault = ({ method }, outgoing) => {
    if (method === 'DELETE' && !isLost) {
      isLost = true;
      outgoing.end = () => outgoing.destroy();
    }
    return false;
  };
  const lost = await remove(wanted ? [wanted] : [], () => Promise.resolve(false));
  expect([isLost, lost]).toEqual([true, { gone: new Set([wanted?.digest]) }]);

  ghcr.denyWriting('owner/cache');
  const index = (await registry.describeTag('index.spack'))?.digest ?? '';
  const refused = await remove([{ tag: 'index.spack', digest: index }], isWanted);
  expect(refused.gone).toEqual(new Set());
  expect(refused.stopped).toMatch(/deleting stopped: .*; the next run continues$/);
});
