import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { glob } from 'fast-glob';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { computeDagHash } from '../../scripts/build-cache/spec-file.ts';
import { parseMirrorManifest } from '../../scripts/build-cache/mirror-manifest.ts';
import { inspectTarball } from '../../scripts/build-cache/tar/tarball.ts';
import { splitNodes } from '../../site/lib/spack/node-text.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { fileStem } from '../../site/schemas/node.ts';
import { SpecFile } from '../../site/schemas/spec-file.ts';
import { generateCache } from './cache.ts';
import { prefixOf } from './contents.ts';

const BUILDS = 60;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'generate-'));
  for (const name of ['cache', 'again']) {
    await generateCache({ builds: BUILDS, seed: 3, directory: join(folder, name) });
  }
});

afterAll(() => rm(folder, { recursive: true }));

test('has a manifest for each build, whose blobs have the digests and sizes it names', async () => {
  const entries = await readEntries();
  expect(entries.length).toBe(BUILDS);
  for (const { records } of entries) {
    expect(records.length).toBe(2);
    for (const { record, bytes } of records) {
      expect(bytes.length).toBe(record.contentLength);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(record.checksum);
    }
  }
});

test('spec files have whole DAGs with valid hashes, the root first, and the manifest is named after it', async () => {
  for (const { path, spec, texts } of await readEntries()) {
    const [root] = spec.spec.nodes;
    expect(path.endsWith(`/${root?.name}/${root && fileStem(root)}.spec.manifest.json`)).toBe(true);
    const hashes = new Set(spec.spec.nodes.map(({ hash }) => hash));
    expect([...hashes]).toEqual(texts.map((text) => computeDagHash(text)));
    for (const { dependencies } of spec.spec.nodes) {
      expect(dependencies.every(({ hash }) => hashes.has(hash))).toBe(true);
    }
  }
});

test('tarballs pass the checks of publish', async () => {
  for (const { path, spec, records } of await readEntries()) {
    const [tarball] = records;
    const [root] = spec.spec.nodes;
    if (!tarball || !root) throw new Error(`${path}: expected a tarball and a root`);
    const { contents } = await inspectTarball(Readable.from([tarball.bytes]), {
      where: path,
      blob: { digest: `sha256:${tarball.record.checksum}`, size: tarball.record.contentLength },
      platform: root.arch.platform,
    });
    expect(contents.prefix).toBe(prefixOf(root));
  }
});

test('the same seed gives the same bytes', async () => {
  const list = (name: string) => glob('**', { cwd: join(folder, name), dot: true });
  const [files, again] = await Promise.all([list('cache'), list('again')]);
  // The name of a blob determines its content, and through its blobs the text of a manifest.
  expect(again.sort()).toEqual(files.sort());
});

/** Reads every build of the cache: its records with their bytes, and its spec file. */
async function readEntries() {
  const cache = join(folder, 'cache');
  const paths = await glob('v3/manifests/spec/*/*.json', { cwd: cache });
  return Promise.all(
    paths.sort().map(async (path) => {
      const { data } = parseMirrorManifest(await readFile(join(cache, path), 'utf8'), path);
      const records = await Promise.all(
        data.map(async (record) => ({
          record,
          bytes: await readFile(join(cache, mirrorBlobPath(`sha256:${record.checksum}`))),
        })),
      );
      const text = gunzipSync(records[1]?.bytes ?? '').toString();
      return { path, records, spec: SpecFile.parse(JSON.parse(text)), texts: splitNodes(text) };
    }),
  );
}
