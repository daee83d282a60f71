import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { readCatalog } from '../catalog/catalog.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { readBuildCache } from '../build-cache/build-cache.ts';
import { listSpecFiles } from './name-collisions.ts';
import { checkTarballs, publishEntries } from './publish-cache.ts';

const FIXTURE = 'tests/fixtures/cache-unsigned';
const TREE = 'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw';
const EPOCH = '1763900000';

const root = mkdtempSync(join(tmpdir(), 'publish-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('adds every build to registry and catalog, and changes nothing the second time', async () => {
  const place = newPlace();
  expect(await publish(FIXTURE, place)).toMatchObject({ staged: 12, adopted: 0, newBuilds: { length: 12 } });
  const { builds, nodes } = readCatalog(place.catalog);
  expect(builds.size).toBe(12);
  expect(nodes.size).toBe(18);
  const before = snapshot(place.root);
  expect(await publish(FIXTURE, place)).toMatchObject({ staged: 0, newBuilds: [] });
  expect(snapshot(place.root)).toEqual(before);
});

test('gives the same bytes on another machine', async () => {
  const [one, other] = [newPlace(), newPlace()];
  await publish(FIXTURE, one);
  const copy = join(other.root, 'elsewhere');
  cpSync(FIXTURE, copy, { recursive: true });
  await publish(copy, other);
  expect(snapshot(other.catalog)).toEqual(snapshot(one.catalog));
  expect(snapshot(other.registry)).toEqual(snapshot(one.registry));
});

test('adopts images pushed by a run that was stopped before it wrote the catalog', async () => {
  const place = newPlace();
  await publish(FIXTURE, place);
  const whole = snapshot(place.root);
  rmSync(join(place.catalog, 'builds'), { recursive: true });
  rmSync(join(place.catalog, 'specs', 'tree'), { recursive: true });
  writeFileSync(join(place.catalog, 'manifests', 'tree', `${TREE}.spec.manifest.json`), 'left over');
  expect(await publish(FIXTURE, place)).toMatchObject({ staged: 0, adopted: 12 });
  expect(snapshot(place.root)).toEqual(whole);
});

test('replaces an image that no catalog names, as after a run that could not commit, with the newer build', async () => {
  const place = newPlace();
  await publish(FIXTURE, place);
  rmSync(place.catalog, { recursive: true });
  const rebuilt = rebuild(join(place.root, 'rebuilt'), TREE);
  const { staged, adopted, warnings, newBuilds } = await publish(rebuilt, place);
  expect({ staged, adopted, added: newBuilds.length }).toEqual({ staged: 1, adopted: 11, added: 12 });
  expect(warnings).toEqual([
    expect.stringMatching(/tree-2\.1\.0-.*: the registry had the image sha256:.*the tag now names the image/),
  ]);
  const tree = [...readCatalog(place.catalog).builds.values()].find(({ name }) => name === 'tree');
  const tagged = await openRegistry(`oci-layout:${place.registry}`).describeTag(tree?.image.tag ?? '');
  expect(tagged?.digest).toBe(tree?.image.digest);
});

test('pushes a lost image again, but not another build of it', async () => {
  const place = newPlace();
  await publish(FIXTURE, place);
  const whole = snapshot(place.root);
  rmSync(place.registry, { recursive: true });
  const rebuilt = rebuild(join(root, 'rebuilt-later'), TREE);
  await expect(publish(rebuilt, place)).rejects.toThrow(/builds\/tree\/.*does not have/);
  expect(await publish(FIXTURE, place)).toMatchObject({ staged: 12, newBuilds: [] });
  expect(snapshot(place.root)).toEqual(whole);
});

test('includes the layers of dependencies that were published before', async () => {
  const place = newPlace();
  await publish(part(join(place.root, 'first'), ['libmd', 'gcc-runtime']), place);
  await publish(part(join(place.root, 'second'), ['libbsd', 'tree']), place);
  const { builds } = readCatalog(place.catalog);
  const digestOf = (name: string) =>
    [...builds.values()].find((build) => build.name === name && build.contents.prefix.includes('v3'))?.tarball
      .digest;
  const libbsd = [...builds.values()].find(({ name }) => name === 'libbsd');
  const image = await openRegistry(`oci-layout:${place.registry}`).readManifest(libbsd?.image.tag ?? '');
  expect(image?.manifest.layers.map(({ digest }) => digest)).toEqual(
    ['gcc-runtime', 'libmd', 'libbsd'].map(digestOf),
  );
  expect(libbsd?.image.runnable).toBe(true);
});

test('marks an image without its dependencies as not runnable', async () => {
  const place = newPlace();
  await publish(part(join(place.root, 'alone'), ['libbsd']), place);
  expect([...readCatalog(place.catalog).builds.values()][0]?.image.runnable).toBe(false);
});

test('leaves everything as it was when one tarball of many is damaged', async () => {
  const place = newPlace();
  await publish(part(join(place.root, 'first'), ['lz4']), place);
  const copy = join(place.root, 'damaged');
  cpSync(FIXTURE, copy, { recursive: true });
  const blob = join(copy, 'blobs/sha256/38/38840da00ede92e858836666d599edd00e9194380489bdf8c194ff3e2143da3b');
  const bytes = readFileSync(blob);
  bytes[20_000] = (bytes[20_000] ?? 0) ^ 1;
  writeFileSync(blob, bytes);
  const before = snapshot(place.root);
  await expect(publish(copy, place)).rejects.toThrow(/38840da0.*expected .*found/);
  expect(snapshot(place.root)).toEqual(before);
});

interface Place {
  root: string;
  registry: string;
  catalog: string;
}

function newPlace(): Place {
  const place = mkdtempSync(join(root, 'place-'));
  return { root: place, registry: join(place, 'registry'), catalog: join(place, 'catalog') };
}

async function publish(cacheDirectory: string, { registry, catalog }: Place) {
  return publishEntries(await checkTarballs(await readBuildCache(cacheDirectory), listSpecFiles(catalog)), {
    registry: openRegistry(`oci-layout:${registry}`),
    catalogDirectory: catalog,
    signer: undefined,
    environment: { SOURCE_DATE_EPOCH: EPOCH },
  });
}

/** Contents of all files below a folder, keyed by path. */
function snapshot(folder: string): Map<string, string> {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  return new Map(
    files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .sort()
      .map((path) => [
        path.slice(folder.length),
        createHash('sha256').update(readFileSync(path)).digest('hex'),
      ]),
  );
}

/** Manifests of some packages of the fixture, with all its blobs. */
function part(directory: string, names: string[]): string {
  cpSync(FIXTURE, directory, { recursive: true });
  const manifests = join(directory, 'v3/manifests/spec');
  for (const name of readdirSync(manifests)) {
    if (!names.includes(name)) rmSync(join(manifests, name), { recursive: true });
  }
  return directory;
}

/** The fixture with one spec as packed by another run: the same hash, another digest. */
function rebuild(directory: string, stem: string): string {
  cpSync(FIXTURE, directory, { recursive: true });
  const manifest = join(directory, 'v3/manifests/spec/tree', `${stem}.spec.manifest.json`);
  const text = readFileSync(manifest, 'utf8');
  const [, size = '', checksum = ''] = /"contentLength":(\d+)[^]*?"checksum":"([0-9a-f]+)"/.exec(text) ?? [];
  const blob = (hex: string) => join(directory, 'blobs/sha256', hex.slice(0, 2), hex);
  const packed = gzipSync(gunzipSync(readFileSync(blob(checksum))), { level: 1 });
  const other = createHash('sha256').update(packed).digest('hex');
  cpSync(blob(checksum), blob(other), { recursive: true });
  writeFileSync(blob(other), packed);
  writeFileSync(manifest, text.replace(size, String(packed.length)).replace(checksum, other));
  return directory;
}
