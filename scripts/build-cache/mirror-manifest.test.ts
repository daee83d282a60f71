import { readFile } from 'node:fs/promises';
import glob from 'fast-glob';
import { expect, test } from 'vitest';
import { manifestText, parseMirrorManifest, specManifestText } from './mirror-manifest.ts';

const CACHE = 'tests/fixtures/cache-unsigned';

test('writes every manifest of a cache as Spack wrote it', async () => {
  const paths = await glob('v3/manifests/**/*.manifest.json', { cwd: CACHE, absolute: true });
  expect(paths.length).toBeGreaterThan(12);
  for (const path of paths) {
    const text = await readFile(path, 'utf8');
    expect(manifestText(parseMirrorManifest(text, path).data)).toBe(text);
  }
});

test('names the tarball first and the config as an uncompressed spec file', () => {
  const tarball = { digest: `sha256:${'a'.repeat(64)}`, size: 10 };
  const config = { digest: `sha256:${'b'.repeat(64)}`, size: 20 };
  expect(parseMirrorManifest(specManifestText(tarball, config), 'x').data).toEqual([
    {
      contentLength: 10,
      mediaType: 'application/vnd.spack.install.v2.tar+gzip',
      compression: 'gzip',
      checksumAlgorithm: 'sha256',
      checksum: 'a'.repeat(64),
    },
    {
      contentLength: 20,
      mediaType: 'application/vnd.spack.spec.v5+json',
      compression: 'none',
      checksumAlgorithm: 'sha256',
      checksum: 'b'.repeat(64),
    },
  ]);
});

test.each([
  ['{"version":4,"data":[]}', /m: expected a manifest of version 3, found version 4/],
  ['[]', /expected a manifest of version 3, found no version/],
  ['null', /found no version/],
  ['{"version":3,"data":[]}', /at "data"/],
  ['{"version":3,"data":[{"contentLength":-1}]}', /at "data\.0\.contentLength"/],
  ['', /expected a manifest in JSON/],
])('refuses %s', (text, message) => {
  expect(() => parseMirrorManifest(text, 'm')).toThrow(message);
});

test('refuses to write an invalid record', () => {
  expect(() => specManifestText({ digest: 'sha256:..', size: 1 }, { digest: 'sha256:..', size: 1 })).toThrow(
    /64 lower-case hex digits/,
  );
});
