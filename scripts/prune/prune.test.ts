import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../tests/world/database.ts';
import { runScript, type Outcome } from '../../tests/world/run.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { MirrorManifest } from '../../site/schemas/mirror-manifest.ts';
import { startRegistry } from '../../tests/world/registry.ts';
import { readBuild, readCatalog } from '../catalog/catalog.ts';
import { readRemoved } from '../catalog/removal.ts';
import { blobPath } from '../oci/layout.ts';
import { openRegistry } from '../oci/open-registry.ts';

const FIXTURE = resolve('tests/fixtures/cache-unsigned');
const DAY_S = 86_400;
const PUBLISHED = 1_763_900_000;

const root = mkdtempSync(join(tmpdir(), 'prune-'));
beforeAll(() => publishFixture(`oci-layout:${join(root, 'published/registry')}`, 'published'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('removes builds from catalog and index at once, and from an OCI layout after the grace period', async () => {
  const place = copyLayout('layout');
  const before = readCatalog(place.catalog);
  const first = await prune(place, 400);
  expect(first.stderr).toMatch(/Removed (\d+) builds, restored 0, deleted 0 images/);
  const after = readCatalog(place.catalog);
  const kept = [...after.builds.values()].map(({ name }) => name).sort();
  expect(kept).toEqual(['gcc-runtime', 'lz4']);
  const tree = [...before.builds.values()].find(({ name }) => name === 'tree');
  if (!tree) throw new Error('expected tree in the fixture');
  expect(readRemoved(place.catalog).get(tree.hash)?.stays[0]?.reason).toBe(
    'older than 365 days, and not among the newest 0 of its kind',
  );

  // No longer listed, but available to a client with an index of last week.
  const dist = await mirror(place);
  const index = Database.parse(JSON.parse(readFileSync(join(dist, readIndexPath(dist)), 'utf8')));
  const listed = Object.values(index.database.installs).filter(({ in_buildcache }) => in_buildcache);
  expect(listed.map(({ spec }) => spec.name).sort()).toEqual(['gcc-runtime', 'lz4']);
  const stem = `tree-${tree.version}-${tree.hash}`;
  const manifest = join(dist, `v3/manifests/spec/tree/${stem}.spec.manifest.json`);
  expect(readFileSync(manifest, 'utf8')).toBe(before.manifests.get(tree.hash));
  expect(existsSync(join(dist, mirrorBlobPath(tree.tarball.digest)))).toBe(true);

  const registry = openRegistry(place.registry);
  expect((await registry.describeTag(tree.image.tag))?.digest).toBe(tree.image.digest);
  expect((await prune(place, 410)).stderr).toMatch(/Removed 0 builds, restored 0, deleted 0 images/);
  const last = await prune(place, 415);
  expect(last.stderr).toMatch(/Removed 0 builds, restored 0, deleted 10 images/);
  expect(await registry.describeTag(tree.image.tag)).toBeUndefined();
  for (const { image } of after.builds.values()) {
    expect((await registry.describeTag(image.tag))?.digest).toBe(image.digest);
  }
  expect(existsSync(join(await mirror(place), `v3/manifests/spec/tree/${stem}.spec.manifest.json`))).toBe(
    false,
  );
  expect((await prune(place, 415)).stderr).toMatch(/Removed 0 builds, restored 0, deleted 0 images/);

  // After it is published again it is as if it had never been removed, and no later run deletes its image.
  await publish(place);
  expect(readBuild(place.catalog, tree)?.image).toEqual(tree.image);
  expect((await registry.describeTag(tree.image.tag))?.digest).toBe(tree.image.digest);

  // All builds are complete to their last byte.
  for (const { tarball, image } of readCatalog(place.catalog).builds.values()) {
    await registry.readBlob(tarball);
    await registry.readBlob(image.config);
  }
});

test('removes images from a registry that supports deletion', async () => {
  const server = await startRegistry();
  try {
    const place = await publishFixture(`${server.host}/owner/cache`, 'remote');
    const { builds } = readCatalog(place.catalog);
    await prune(place, 400);
    const kept = readCatalog(place.catalog).builds;
    expect((await prune(place, 415)).stderr).toMatch(/deleted 10 images/);
    const registry = openRegistry(place.registry);
    for (const { hash, image } of builds.values()) {
      const found = await registry.describeTag(image.tag);
      expect(found?.digest).toBe(kept.has(hash) ? image.digest : undefined);
    }
    // Deleted images can be pushed again.
    await publish(place);
    for (const { image } of builds.values())
      expect((await registry.describeTag(image.tag))?.digest).toBe(image.digest);
  } finally {
    await server.stop();
  }
});

test('prints the plan and changes nothing without --apply', async () => {
  const place = copyLayout('dry');
  const before = readdirSync(place.catalog, { recursive: true }).length;
  const { stderr } = await prune(place, 400, []);
  expect(stderr).toMatch(/^Removes \d+ of 12 builds: .* of tarballs become/);
  expect(stderr).toContain('Nothing was changed: run it with --apply to do this.');
  expect(readdirSync(place.catalog, { recursive: true })).toHaveLength(before);
});

test('restores a removed build that a pin names, unless the registry has lost its image', async () => {
  const place = copyLayout('restored');
  const { builds } = readCatalog(place.catalog);
  const [tree, bzip2] = ['tree', 'bzip2'].map((wanted) =>
    [...builds.values()].find(({ name }) => name === wanted),
  );
  if (!tree || !bzip2) throw new Error('expected tree and bzip2 in the fixture');
  await prune(place, 400);
  const pin = `reason: needed again\nhashes: [/${tree.hash}, /${bzip2.hash}]\n`;
  writeFileSync(join(place.catalog, 'pins/again.yaml'), pin);
  rmSync(blobPath(join(place.folder, 'registry'), tree.image.digest));
  const { stderr } = await prune(place, 401);
  expect(stderr).toMatch(
    /restored 2, .* the registry has lost the images: tree@2\.1\.0\/mgvr\w+; publish them again/,
  );
  const names = [...readCatalog(place.catalog).builds.values()].map(({ name }) => name);
  expect(names).toContain('bzip2');
  expect(names).not.toContain('tree');
  await mirror(place);
});

test('refuses pins and settings that it cannot read, and removes nothing', async () => {
  const place = copyLayout('bad');
  writeFileSync(join(place.catalog, 'pins/other.yaml'), 'reason: x\nhash: [abc]\n');
  await expect(prune(place, 400)).rejects.toThrow(/pins\/other.yaml: .*Unrecognized key: "hash"/);
  rmSync(join(place.catalog, 'pins/other.yaml'));
  writeFileSync(join(place.folder, '.github/build-cache.yaml'), 'retention: {size: much}\n');
  await expect(prune(place, 400)).rejects.toThrow(
    /build-cache.yaml: retention.size: expected a size such as 50GB/,
  );
  expect(readCatalog(place.catalog).builds.size).toBe(12);
});

interface Place {
  folder: string;
  catalog: string;
  registry: string;
}

/** A copy of the builds published to an OCI layout. */
function copyLayout(name: string): Place {
  const folder = join(root, name);
  cpSync(join(root, 'published'), folder, { recursive: true });
  return { folder, registry: `oci-layout:${join(folder, 'registry')}`, catalog: join(folder, 'content') };
}

async function publishFixture(registry: string, name: string): Promise<Place> {
  const folder = join(root, name);
  const place = { folder, registry, catalog: join(folder, 'content') };
  mkdirSync(join(place.catalog, 'pins'), { recursive: true });
  mkdirSync(join(folder, '.github'));
  writeFileSync(join(folder, '.github/build-cache.yaml'), 'retention: {newest: 0}\n');
  await publish(place);
  const lz4 = [...readCatalog(place.catalog).builds.values()].find(({ name: found }) => found === 'lz4');
  const pin = `reason: the tests need it\nhashes: [/${lz4?.hash ?? ''}]\n`;
  writeFileSync(join(place.catalog, 'pins/lz4.yaml'), pin);
  return place;
}

function run(place: Place, verb: string, args: string[], seconds: number): Promise<Outcome> {
  return runScript(
    verb,
    [...args, '--registry', place.registry, '--catalog', place.catalog],
    { SOURCE_DATE_EPOCH: String(seconds) },
    place.folder,
  );
}

function publish(place: Place): Promise<Outcome> {
  return run(place, 'publish', [FIXTURE], PUBLISHED);
}

function prune(place: Place, days: number, options = ['--apply']): Promise<Outcome> {
  return run(place, 'prune', options, PUBLISHED + days * DAY_S);
}

async function mirror(place: Place): Promise<string> {
  const dist = join(place.folder, 'dist');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  writeFileSync(join(dist, 'index.html'), 'a page');
  await run(place, 'mirror', ['--dist', dist, '--budget', '900MB'], PUBLISHED);
  return dist;
}

function readIndexPath(dist: string): string {
  const text = readFileSync(join(dist, 'v3/manifests/index/index.manifest.json'), 'utf8');
  const [record] = MirrorManifest.parse(JSON.parse(text)).data;
  return mirrorBlobPath(`sha256:${record?.checksum ?? ''}`);
}
