import { expect, test } from 'vitest';
import { useServers } from '../../tests/world/servers.ts';
import { indexImage } from './image.ts';
import { createLayout } from './layout.ts';
import type { Registry } from './registry.ts';
import { openRegistry } from './open-registry.ts';

const ABSENT = `sha256:${'0'.repeat(64)}`;
const servers = useServers();

test('points a tag at another image of a registry', async () => {
  const { host } = await servers.startRegistry();
  await expectMove(openRegistry(`${host}/cache`));
});

test('points a tag at another image of a directory', async () => {
  await expectMove(openRegistry(`oci-layout:${servers.file('registry')}`));
});

async function expectMove(registry: Registry): Promise<void> {
  const layout = await createLayout(servers.file('layout'));
  const config = await layout.addBytes('{}');
  const winner = await layout.addTag('winner', indexImage(await layout.addBytes('one'), config));
  const loser = await layout.addTag('both', indexImage(await layout.addBytes('two'), config));
  layout.close();
  await registry.push(layout.dir);
  expect((await registry.describeTag('both'))?.digest).toBe(loser.digest);
  await registry.pointTag('both', winner.digest);
  expect(await registry.describeTag('both')).toEqual(winner);
  expect(await registry.describeTag('winner')).toEqual(winner);
  await registry.pointTag('new', loser.digest);
  expect(await registry.describeTag('new')).toEqual(loser);
  await expect(registry.pointTag('both', ABSENT)).rejects.toThrow(/manifest|not found/);
  expect((await registry.describeTag('both'))?.digest).toBe(winner.digest);
}
