import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readBuildCache } from '../../../scripts/build-cache/build-cache.ts';
import { makeEntry, makePax, makeTar } from '../../../tests/world/tar-maker.ts';
import { findInTarball, gunzipText } from './tarball.ts';

const LOG = '/.spack/spack-build-out.txt.gz';

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= copy.length) controller.close();
      else controller.enqueue(copy.slice(at, (at += 1_000)));
    },
  });
}

test("finds the log in one of Spack's tarballs", async () => {
  const entries = await readBuildCache('tests/fixtures/cache-unsigned');
  const lz4 = entries.find(({ root }) => root.node.name === 'lz4');
  const log = await findInTarball(streamOf(readFileSync(lz4?.tarballPath ?? '')), LOG, 1e6);
  const { text, isCut } = await gunzipText(log ?? new Uint8Array(), 1e6);
  expect(text).toContain('==> lz4: Executing phase');
  expect(isCut).toBe(false);
  expect(await gunzipText(log ?? new Uint8Array(), 10)).toEqual({ text: text.slice(0, 10), isCut: true });
});

test('reads long names, and reports a tarball without a log', async () => {
  const content = gzipSync('all is well\n');
  const long = `${'p'.repeat(200)}${LOG}`;
  const tar = makeTar(
    makeEntry({ name: 'p/other', content: 'x'.repeat(3_000) }),
    makePax({ path: long }),
    makeEntry({ name: 'p/short', content }),
  );
  const found = await findInTarball(streamOf(gzipSync(tar)), LOG, 1e6);
  expect(gunzipSync(found ?? '').toString()).toBe('all is well\n');
  expect(await findInTarball(streamOf(gzipSync(makeTar({ name: 'p/x' }))), LOG, 1e6)).toBeUndefined();
});

test('ends when the stream is cut off', async () => {
  const tar = gzipSync(makeTar(makeEntry({ name: 'p/other', content: 'x'.repeat(300_000) })));
  await expect(findInTarball(streamOf(tar.subarray(0, 100)), LOG, 1e6)).rejects.toThrow(TypeError);
});
