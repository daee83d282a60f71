import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { expect, onTestFinished, test } from 'vitest';
import { useServers } from '../../tests/world/servers.ts';
import { openMirrorFiles } from '../build-cache/mirror-files.ts';
import { openRegistry } from '../oci/open-registry.ts';
import type { Registry } from '../oci/registry.ts';
import { servePages } from '../start/pages-server.ts';
import { openCopyFolder } from './copy-folder.ts';
import { copyView, describeCopy, type CopyResult } from './copy-view.ts';

const SIGNED = 'tests/fixtures/cache-signed';
const FINGERPRINT = 'FF812714F6D64D5FC414EC652E6EF459923242D9';
const TREE = 'v3/manifests/spec/tree/tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spec.manifest.json';
const INDEX = 'v3/manifests/index/index.manifest.json';
const servers = useServers();

/** Copies into the test's folder. */
async function copy(
  from: string,
  { view = '', registries = [] }: { view?: string; registries?: Registry[] } = {},
): Promise<CopyResult> {
  const folder = await openCopyFolder(servers.file('to'), view);
  return copyView(openMirrorFiles(from), { view, folder, registries });
}

/** The test's own copy of a cache, to be damaged. */
function spoiled(): string {
  const place = servers.file('from');
  cpSync(SIGNED, place, { recursive: true });
  return place;
}

function digests(folder: string): Map<string, string> {
  const paths = fastGlob.sync('**', { cwd: folder, dot: true }).sort();
  return new Map(
    paths.map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex'),
    ]),
  );
}

function blobOf(place: string, manifest: string, at: number): string {
  const found = [...readFileSync(join(place, manifest), 'utf8').matchAll(/"checksum": ?"([0-9a-f]{64})"/g)];
  const hex = found[at]?.[1] ?? '';
  return join(place, 'blobs/sha256', hex.slice(0, 2), hex);
}

test('copies a cache over HTTP byte for byte: manifests, signatures, keys and blobs', async () => {
  const site = await servePages({ root: SIGNED, base: '/cache', port: 0 });
  onTestFinished(() => site.close());
  const result = await copy(site.url);
  expect(result).toMatchObject({ builds: 4, signed: 4, keys: [FINGERPRINT], removed: 0 });
  const copied = digests(servers.file('to'));
  copied.delete('copy.json');
  expect(copied).toEqual(digests(SIGNED));
  const report = describeCopy(result, '/media/lab cache');
  expect(report).toContain('spack mirror add --type binary copy file:///media/lab%20cache\n');
  expect(report).toContain(`4 of 4 signed by its key ${FINGERPRINT}.`);
});

test('reports a cache without signatures', async () => {
  const result = await copy('tests/fixtures/cache-unsigned');
  expect(result).toMatchObject({ builds: 12, signed: 0, keys: [] });
  expect(describeCopy(result, 'x')).toContain('--unsigned copy file:');
});

test('continues where it stopped, fetches damaged blobs again, and has an index only when it is complete', async () => {
  const place = spoiled();
  const tarball = blobOf(place, TREE, 0);
  const bytes = readFileSync(tarball);
  writeFileSync(tarball, bytes.subarray(1));
  await expect(copy(place)).rejects.toThrow(/expected sha256:\w+ of \d+ bytes, found/);
  const to = servers.file('to');
  expect(existsSync(join(to, INDEX))).toBe(false);

  writeFileSync(tarball, bytes);
  const kept = readdirSync(join(to, 'blobs/sha256'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.length > 64,
  );
  expect(kept.length).toBeGreaterThan(0);
  const [first = ''] = kept;
  const times = new Map(kept.map((path) => [path, statSync(join(to, 'blobs/sha256', path)).mtimeMs]));
  writeFileSync(join(to, 'blobs/sha256', first), 'damaged');
  await copy(place);
  for (const path of kept.slice(1))
    expect(statSync(join(to, 'blobs/sha256', path)).mtimeMs).toBe(times.get(path));
  const copied = digests(to);
  copied.delete('copy.json');
  expect(copied).toEqual(digests(SIGNED));
});

test('removes what the view no longer has, and nothing from a directory that is not a copy', async () => {
  await copy('tests/fixtures/cache-unsigned');
  expect((await copy(SIGNED)).removed).toBeGreaterThan(0);
  const copied = digests(servers.file('to'));
  copied.delete('copy.json');
  expect(copied).toEqual(digests(SIGNED));

  await expect(openCopyFolder(servers.file('to'), 'all')).rejects.toThrow(
    /expected an earlier copy of the view "all", found one of the site's own/,
  );
  mkdirSync(servers.file('home'));
  writeFileSync(servers.file('home/thesis.tex'), '');
  await expect(openCopyFolder(servers.file('home'), '')).rejects.toThrow(
    /found other files, such as thesis\.tex/,
  );
});

test('refuses a view with builds that need unlisted ones', async () => {
  const place = spoiled();
  const file = blobOf(place, INDEX, 0);
  // libbsd is still listed, but has no binary.
  const index = JSON.parse(readFileSync(file, 'utf8')) as {
    database: { installs: Record<string, { spec: { name: string }; in_buildcache: boolean }> };
  };
  for (const record of Object.values(index.database.installs))
    if (record.spec.name === 'libmd') record.in_buildcache = false;
  const text = JSON.stringify(index);
  const hex = createHash('sha256').update(text).digest('hex');
  mkdirSync(join(place, 'blobs/sha256', hex.slice(0, 2)), { recursive: true });
  writeFileSync(join(place, 'blobs/sha256', hex.slice(0, 2), hex), text);
  writeFileSync(
    join(place, INDEX),
    readFileSync(join(place, INDEX), 'utf8')
      .replace(/[0-9a-f]{64}/, hex)
      .replace(/("contentLength": ?)\d+/, `$1${text.length}`),
  );
  await expect(copy(place)).rejects.toThrow(
    /found libbsd@0\.11\.7\/2ma66if needs \/uoxsn4d2qnm2a2hqdpwl5xgkdzmvwuzr, which it does not list/,
  );
});

test('refuses a manifest that was changed after it was signed', async () => {
  const place = spoiled();
  writeFileSync(
    join(place, TREE),
    readFileSync(join(place, TREE), 'utf8').replace(/"contentLength": ?\d/, '$&0'),
  );
  await expect(copy(place)).rejects.toThrow(/tree-2\.1\.0.*signature.*is bad/);
});

test('fetches blobs that the site does not have from the registry', async () => {
  const place = spoiled();
  const tarball = blobOf(place, TREE, 0);
  const bytes = readFileSync(tarball);
  rmSync(tarball);
  await expect(copy(place)).rejects.toThrow(/expected a blob of \d+ bytes, found none; .*--registry/);
  const registry = openRegistry(`oci-layout:${servers.file('registry')}`);
  const digest = createHash('sha256').update(bytes).digest('hex');
  mkdirSync(servers.file('registry/blobs/sha256'), { recursive: true });
  writeFileSync(servers.file(`registry/blobs/sha256/${digest}`), bytes);
  const empty = openRegistry(`oci-layout:${servers.file('empty')}`);
  expect(await copy(place, { registries: [empty, registry] })).toMatchObject({ builds: 4 });
});

test('reports where the views are listed when there is none of that name, and writes nothing', async () => {
  await expect(copy(SIGNED, { view: 'env-lab' })).rejects.toThrow(
    /index\/env-lab\/index\.manifest\.json: expected the index of a view "env-lab", found none/,
  );
  await expect(copy(SIGNED, { view: '../keys' })).rejects.toThrow('--view: expected the name of a view');
  expect(existsSync(servers.file('to'))).toBe(false);
});
