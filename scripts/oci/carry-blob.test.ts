import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { useServers } from '../../tests/world/servers.ts';
import { logIntoRegistry } from './oras.ts';
import { carryBlob, openRegistry } from './open-registry.ts';
import { blobPath, createLayout, type Layout } from './layout.ts';
import { type Registry, parseReference } from './registry.ts';

const BY_SPACK = resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const servers = useServers();

/** Carries a layer of a filled registry. Returns whether the other registry and the layout have it. */
async function carry(from: Registry, registry: Registry): Promise<{ isThere: boolean; isInLayout: boolean }> {
  const [tag = ''] = (await from.listTags()).filter((name) => name.startsWith('tree-'));
  const layer = (await from.readManifest(tag))?.manifest.layers.at(-1);
  if (!layer) throw new Error('expected a layer');
  const layout: Layout = await createLayout(servers.file('layout'));
  await carryBlob(layer, from, { registry, layout });
  return {
    isThere: await registry.hasBlob(layer),
    isInLayout: existsSync(blobPath(layout.dir, layer.digest)),
  };
}

test('mounts a layer from another repository of the same registry, and fetches it from another host', async () => {
  const { host } = await servers.startRegistry();
  const from = openRegistry(`${host}/cache`);
  await from.push(BY_SPACK);
  expect(await carry(from, openRegistry(`${host}/large`))).toEqual({ isThere: true, isInLayout: false });
  expect(await carry(from, openRegistry(`${host}/large`))).toEqual({ isThere: true, isInLayout: false });
  expect(await carry(from, from)).toEqual({ isThere: true, isInLayout: false });
  const other = await servers.startRegistry();
  expect(await carry(from, openRegistry(`${other.host}/cache`))).toEqual({
    isThere: false,
    isInLayout: true,
  });
});

test('carries a layer to a package on GitHub that does not exist yet', async () => {
  const ghcr = await servers.startGhcr({ token: 'token' });
  const reference = parseReference(`http://${ghcr.host}/owner/cache`);
  if (reference.kind !== 'remote') throw new Error('expected a registry');
  await logIntoRegistry(reference, { username: 'owner', password: 'token' });
  const from = openRegistry(`http://${ghcr.host}/owner/cache`);
  await from.push(BY_SPACK);
  expect(await carry(from, openRegistry(`http://${ghcr.host}/owner/large`))).toMatchObject({
    isInLayout: false,
  });
});
