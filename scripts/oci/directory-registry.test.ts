import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { indexImage } from './image.ts';
import { blobPath, createLayout, readIndex, tagOf } from './layout.ts';
import { openRegistry } from './open-registry.ts';

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const REGISTRY_MODULE = path.resolve(import.meta.dirname, 'open-registry.ts');

let work: string;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'layout-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

test('keeps verbatim what Spack pushed', async () => {
  const dir = path.join(work, 'by-spack');
  const registry = openRegistry(`oci-layout:${dir}`);
  expect(await registry.describeTag('index.spack')).toBeUndefined();
  await registry.push(BY_SPACK);
  expect((await readIndex(dir))?.map(tagOf)).toEqual((await readIndex(BY_SPACK))?.map(tagOf).sort());
  for (const name of await readdir(path.join(BY_SPACK, 'blobs/sha256'))) {
    const theirs = await readFile(path.join(BY_SPACK, 'blobs/sha256', name));
    expect(theirs.equals(await registry.readBlob({ digest: `sha256:${name}`, size: theirs.length }))).toBe(
      true,
    );
  }
  const described = await registry.describeTag('index.spack');
  const read = await registry.readManifest('index.spack');
  expect(read?.descriptor).toEqual(described);
  expect(await registry.readManifest(described?.digest ?? '')).toEqual(read);
});

test('adds tags to the existing ones and replaces a tag that is pushed again', async () => {
  const dir = path.join(work, 'adds');
  const registry = openRegistry(`oci-layout:${dir}`);
  await registry.push(await makeLayout('adds-1', ['a', 'b']));
  const second = await makeLayout('adds-2', ['b', 'c'], 'new');
  await registry.push(second);
  expect((await readIndex(dir))?.map(tagOf)).toEqual(['a', 'b', 'c']);
  const blob = (await registry.readManifest('b'))?.manifest.layers[0];
  expect(blob && (await text(await registry.openBlob(blob)))).toBe('new b');
  const before = await readFile(path.join(dir, 'index.json'));
  await registry.push(second);
  expect(before.equals(await readFile(path.join(dir, 'index.json')))).toBe(true);
});

test('accepts an image whose layer is only in the registry, and refuses one whose layer is missing', async () => {
  const dir = path.join(work, 'shares');
  const registry = openRegistry(`oci-layout:${dir}`);
  const layout = await createLayout(path.join(work, 'shares-1'));
  const config = await layout.addBytes('{}');
  const blob = await layout.addBytes('there');
  await layout.addTag('first', indexImage(blob, config));
  layout.close();
  await registry.push(layout.dir);

  const sharing = await createLayout(path.join(work, 'shares-2'));
  await sharing.addTag('second', indexImage({ ...blob }, config));
  sharing.close();
  await registry.push(sharing.dir);
  expect(await registry.describeTag('second')).toBeDefined();

  const lacking = await createLayout(path.join(work, 'shares-3'));
  await lacking.addTag('third', indexImage({ digest: `sha256:${'0'.repeat(64)}`, size: 3 }, config));
  lacking.close();
  await expect(registry.push(lacking.dir)).rejects.toThrow(/names the blob sha256:0{64}, which is neither/);
  expect(await registry.describeTag('third')).toBeUndefined();
});

test('refuses a linked file whose bytes differ from its descriptor, and changes nothing', async () => {
  const dir = path.join(work, 'flipped');
  const registry = openRegistry(`oci-layout:${dir}`);
  const file = path.join(work, 'flipped.tar.gz');
  await writeFile(file, 'good');
  const layout = await createLayout(path.join(work, 'flipped-layout'));
  const config = await layout.addBytes('{}');
  const good = await (await createLayout(path.join(work, 'flipped-other'))).addBytes('good');
  await layout.addFile(file, good);
  await layout.addTag('image', indexImage(good, config));
  layout.close();
  await writeFile(file, 'evil');
  await expect(registry.push(layout.dir)).rejects.toThrow(/expected sha256:.* found sha256:/);
  expect(await registry.describeTag('image')).toBeUndefined();
  await writeFile(file, 'good');
  await registry.push(layout.dir);
  expect(String(await registry.readBlob(good))).toBe('good');
});

test('removes the copied files when a push fails', async () => {
  const dir = path.join(work, 'takes-back');
  const layout = await makeLayout('takes-back-1', ['a', 'b', 'c']);
  const [last] = (await readIndex(layout)) ?? [];
  await writeFile(blobPath(layout, last?.digest ?? ''), 'not the manifest');
  const registry = openRegistry(`oci-layout:${dir}`);
  await expect(registry.push(layout)).rejects.toThrow('expected the manifest of an image, found');
  await expect(readdir(dir)).rejects.toThrow('ENOENT');
  await registry.push(await makeLayout('takes-back-2', ['d']));
  const before = await readdir(dir, { recursive: true });
  const spoiled = await makeLayout('takes-back-3', ['e', 'f'], 'other');
  const config = (await openRegistry(`oci-layout:${spoiled}`).readManifest('e'))?.manifest.layers[0];
  await writeFile(blobPath(spoiled, config?.digest ?? ''), 'not the blob');
  await expect(registry.push(spoiled)).rejects.toThrow('expected');
  expect(await readdir(dir, { recursive: true })).toEqual(before);
});

test('reports which blob is missing or broken, and refuses one above the limit', async () => {
  const dir = path.join(work, 'missing');
  const registry = openRegistry(`oci-layout:${dir}`);
  await registry.push(await makeLayout('missing-1', ['a']));
  const blob = (await registry.readManifest('a'))?.manifest.layers[0];
  if (!blob) throw new Error('no layer');
  await expect(registry.readBlob(blob, 2)).rejects.toThrow(/expected at most 2 bytes/);
  await writeFile(blobPath(dir, blob.digest), 'something longer than it was');
  await expect(registry.readBlob(blob)).rejects.toThrow(/found more/);
  await rm(blobPath(dir, blob.digest));
  await expect(registry.openBlob(blob)).rejects.toThrow(`oci-layout:${dir} has no blob ${blob.digest}`);
});

test('loses no tag when many processes push at once', async () => {
  const dir = path.join(work, 'many');
  const names = Array.from({ length: 6 }, (_, index) => `p${index}`);
  const layouts = await Promise.all(
    names.map((name) =>
      makeLayout(
        `many-${name}`,
        Array.from({ length: 20 }, (_, index) => `${name}-${index}`),
      ),
    ),
  );
  const codes = await Promise.all(
    layouts.map(async (layout) => (await once(pushElsewhere(dir, layout), 'close'))[0]),
  );
  expect(codes).toEqual(names.map(() => 0));
  expect((await readIndex(dir))?.length).toBe(names.length * 20);
});

test('survives a kill at any point: old tags stay whole, the next push finishes, nothing stale is left', async () => {
  const dir = path.join(work, 'killed');
  const registry = openRegistry(`oci-layout:${dir}`);
  await registry.push(await makeLayout('killed-old', ['old']));
  const layout = await makeLayout(
    'killed-new',
    Array.from({ length: 400 }, (_, index) => `new-${index}`),
  );
  const signals: unknown[] = [];
  for (const blobs of [0, 50, 200, 200, 200, 800]) {
    const child = pushElsewhere(dir, layout, blobs);
    await once(child, 'close');
    signals.push(child.signalCode);
    for (const descriptor of (await readIndex(dir)) ?? []) {
      expect((await registry.readManifest(descriptor.digest))?.descriptor.size).toBe(descriptor.size);
    }
    expect(await registry.describeTag('old')).toBeDefined();
  }
  expect(signals).toEqual(Array.from({ length: 6 }, () => 'SIGKILL'));
  expect(await readdir(path.join(dir, 'blobs/sha256'))).toHaveLength(803);
  await registry.push(layout);
  expect((await readIndex(dir))?.length).toBe(401);
  expect((await readdir(dir)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
});

test('takes over the lock of a process that has ended', async () => {
  const dir = path.join(work, 'dead-lock');
  await mkdir(dir);
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  const holder = JSON.stringify({ pid: child.pid, host: hostname(), token: 'gone' });
  await writeFile(path.join(dir, '.lock'), holder);
  await writeFile(path.join(dir, '.lock.gone'), holder);
  const layouts = await Promise.all(['x', 'y', 'z'].map((tag) => makeLayout(`dead-${tag}`, [tag])));
  await Promise.all(layouts.map((layout) => openRegistry(`oci-layout:${dir}`).push(layout)));
  expect((await readIndex(dir))?.map(tagOf)).toEqual(['x', 'y', 'z']);
  expect((await readdir(dir)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
});

async function makeLayout(name: string, tags: string[], word = 'old'): Promise<string> {
  const layout = await createLayout(path.join(work, name));
  const config = await layout.addBytes('{}');
  for (const tag of tags)
    await layout.addTag(tag, indexImage(await layout.addBytes(`${word} ${tag}`), config));
  layout.close();
  return layout.dir;
}

/**
 * Pushes in a separate process.
 * @param blobs number of blobs after which it kills itself instead of moving the next one, or the index, into place
 */
function pushElsewhere(dir: string, layout: string, blobs = Infinity): ReturnType<typeof spawn> {
  const program = `import fs from 'node:fs';
    let left = ${blobs};
    const { rename } = fs.promises;
    const die = () => process.kill(process.pid, 'SIGKILL');
    fs.promises.rename = (...paths) => (left-- > 0 ? rename(...paths) : die());
    if (left < Infinity) fs.renameSync = die;
    (await import('node:module')).syncBuiltinESMExports();
    const { openRegistry } = await import(${JSON.stringify(REGISTRY_MODULE)});
    await openRegistry(${JSON.stringify(`oci-layout:${dir}`)}).push(${JSON.stringify(layout)});`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
