import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { flipBit, HostileCache } from '../../tests/world/hostile-cache.ts';
import { readBuildCache } from './build-cache.ts';
import { computeDagHash } from './spec-file.ts';

const FIXTURE = 'tests/fixtures/cache-unsigned';
const SIGNED_FIXTURE = 'tests/fixtures/cache-signed';
const TREE = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()));

function spoil(spoiler: (cache: HostileCache) => void, fixture?: 'cache-signed'): HostileCache {
  const cache = new HostileCache(fixture);
  cleanups.push(() => cache.remove());
  spoiler(cache);
  return cache;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'build-cache-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('reads every spec with its DAG and its tarball', async () => {
  const entries = await readBuildCache(FIXTURE);
  expect(entries).toHaveLength(12);
  expect(entries.map(({ where }) => where)).toEqual(entries.map(({ where }) => where).sort());
  for (const { where, root, nodes, tarball, tarballPath, signed } of entries) {
    expect(where).toMatch(
      new RegExp(`^${FIXTURE}/v3/manifests/spec/${root.node.name}/.*-${root.node.hash}\\.spec`),
    );
    expect(nodes[0]).toBe(root);
    for (const { node, text } of nodes) expect(computeDagHash(text)).toBe(node.hash);
    expect(readFileSync(tarballPath)).toHaveLength(tarball.size);
    expect(signed).toBe(false);
  }
});

test('reads a cache made in another way, if Spack can read it', async () => {
  const cache = spoil((cache) => {
    const [tarball, spec] = cache.records('tree');
    const plain = cache.addBlob(gunzipSync(readFileSync(cache.blobPath(spec))), spec);
    cache.writeManifest('tree', [{ ...plain, compression: 'none' }, tarball]);
    writeFileSync(join(cache.directory, 'v3/manifests/spec/README'), 'not a manifest');
    writeFileSync(join(dirname(cache.manifestPath('tree')), 'notes.txt'), 'not a manifest');
    renameSync(cache.blobPath(tarball), join(cache.directory, 'moved'));
    symlinkSync('../../../moved', cache.blobPath(tarball));
  });
  expect(await readBuildCache(cache.directory)).toHaveLength(12);
});

test('removes signatures when there is no key, and reports that there were some', async () => {
  const entries = await readBuildCache(SIGNED_FIXTURE);
  expect(entries.map(({ signed }) => signed)).toEqual([true, true, true, true]);
});

test('accepts only what a trusted key signed', async () => {
  const trust = [readFileSync(signedFixtureKey(), 'utf8')];
  expect(await readBuildCache(SIGNED_FIXTURE, { trust })).toHaveLength(4);
  await expect(readBuildCache(FIXTURE, { trust })).rejects.toThrow(
    /bzip2.*\.spec\.manifest\.json: expected a signature by a trusted key, found none/,
  );
  const altered = spoil((cache) => {
    const path = cache.manifestPath('tree');
    const [{ checksum }] = cache.records('libmd');
    writeFileSync(path, readFileSync(path, 'utf8').replace(cache.records('tree')[0].checksum, checksum));
  }, 'cache-signed');
  await expect(readBuildCache(altered.directory, { trust })).rejects.toThrow(
    /tree-2.*: the signature .* is bad/,
  );
});

test('accepts only what was planned', async () => {
  const planned = (await readBuildCache(FIXTURE)).map(({ root }) => root.node.hash);
  expect(await readBuildCache(FIXTURE, { allowed: new Set(planned) })).toHaveLength(12);
  const allowed = new Set(planned.filter((hash) => hash !== TREE));
  await expect(readBuildCache(FIXTURE, { allowed })).rejects.toThrow(
    `${FIXTURE}/v3/manifests/spec/tree/tree-2.1.0-${TREE}.spec.manifest.json: expected one of the 11 allowed hashes, found ${TREE};`,
  );
});

test('finds nothing in an empty directory, or in a cache without specs', async () => {
  const folder = makeFolder();
  expect(await readBuildCache(folder)).toEqual([]);
  mkdirSync(join(folder, 'v3/manifests/index'), { recursive: true });
  expect(await readBuildCache(folder)).toEqual([]);
});

test('says what to do with a directory that is not a cache of layout v3', async () => {
  const folder = makeFolder();
  const missing = join(folder, 'no-such-directory');
  await expect(readBuildCache(missing)).rejects.toThrow(
    `${missing}: expected the directory of a build cache, found none`,
  );
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(readBuildCache(file)).rejects.toThrow(
    `${file}: expected the directory of a build cache, found a file`,
  );
  await expect(readBuildCache(folder)).rejects.toThrow(
    `${folder}: expected a build cache (v3/ and blobs/), found neither`,
  );
  mkdirSync(join(folder, 'build_cache'));
  await expect(readBuildCache(folder)).rejects.toThrow(
    /layout v2 \(build_cache\/\); use `node scripts\/import\.ts/,
  );
  const newer = makeFolder();
  mkdirSync(join(newer, 'v4'));
  await expect(readBuildCache(newer)).rejects.toThrow(
    `${newer}: expected a build cache of layout v3, found one of layout v4 (v4/); push its specs`,
  );
  mkdirSync(join(newer, 'v3'));
  await expect(readBuildCache(newer)).rejects.toThrow('found one of layout v4 (v4/)');
});

test.each<[string, (cache: HostileCache) => void, RegExp]>([
  [
    'a flipped byte in a spec file',
    (cache) => flipBit(cache.blobPath(cache.records('tree')[1]), 500),
    /blobs\/sha256\/95\/95d9\w+: expected sha256:95d9\w+, found sha256:\w+; the file was changed/,
  ],
  [
    'a truncated tarball',
    (cache) => truncateSync(cache.blobPath(cache.records('tree')[0]), 1000),
    /blobs\/sha256\/38\/3884\w+: expected 49384 bytes as .*tree-2.*manifest\.json says, found 1000; the file was cut/,
  ],
  [
    'a truncated spec file',
    (cache) => truncateSync(cache.blobPath(cache.records('tree')[1]), 10),
    /expected 1007 bytes as .* says, found 10/,
  ],
  [
    'a missing tarball',
    (cache) => rmSync(cache.blobPath(cache.records('tree')[0])),
    /blobs\/sha256\/38\/3884\w+: expected a file, found none/,
  ],
  [
    'a missing spec file',
    (cache) => rmSync(cache.blobPath(cache.records('tree')[1])),
    /blobs\/sha256\/95\/95d9\w+: expected a file, found none/,
  ],
  [
    'a wrong size',
    (cache) => {
      const [tarball, spec] = cache.records('tree');
      cache.writeManifest('tree', [{ ...tarball, contentLength: 5 }, spec]);
    },
    /expected 5 bytes as .* says, found 49384/,
  ],
  [
    'a directory in place of a blob',
    (cache) => {
      const path = cache.blobPath(cache.records('tree')[0]);
      rmSync(path);
      mkdirSync(path);
    },
    /expected a file, found something else/,
  ],
  [
    'a FIFO in place of a manifest',
    (cache) => {
      const path = cache.manifestPath('tree');
      rmSync(path);
      execFileSync('mkfifo', [path]);
    },
    /tree-2.*: expected a file, found something else/,
  ],
  [
    'a manifest that is a link out',
    (cache) => {
      const path = cache.manifestPath('tree');
      renameSync(path, join(makeFolder(), 'manifest'));
      symlinkSync('/etc/passwd', path);
    },
    /tree-2.*: expected a file of the build cache, found a link that leads outside it/,
  ],
  [
    'a folder of blobs that is a link out',
    (cache) => {
      const path = dirname(cache.blobPath(cache.records('tree')[0]));
      const outside = join(makeFolder(), '38');
      renameSync(path, outside);
      symlinkSync(outside, path);
    },
    /blobs\/sha256\/38\/3884\w+: expected a file of the build cache, found a link that leads outside/,
  ],
  [
    'a folder of manifests that is a link out',
    (cache) => {
      const path = dirname(cache.manifestPath('tree'));
      const outside = join(makeFolder(), 'tree');
      renameSync(path, outside);
      symlinkSync(outside, path);
    },
    /spec\/tree: expected a file of the build cache, found a link that leads outside/,
  ],
  [
    'a file named for another spec',
    (cache) => {
      const path = cache.manifestPath('tree');
      renameSync(path, path.replace('mgvr', 'aaaa'));
    },
    /tree-2\.1\.0-aaaa\w+\.spec\.manifest\.json: expected this manifest to be named tree\/tree-2\.1\.0-mgvr\w+\.spec\.manifest\.json/,
  ],
  [
    'a file in the folder of another package',
    (cache) => {
      const path = cache.manifestPath('tree');
      renameSync(path, join(dirname(cache.manifestPath('libmd')), basename(path)));
    },
    /libmd\/tree-2.*: expected this manifest to be named tree\//,
  ],
  [
    'a node whose hash is not its own',
    (cache) => cache.editSpecFile('tree', (text) => text.replace('"2.1.0"', '"2.1.1"')),
    /tree-2.*: expected the hash \w{32} for tree@"2\.1\.1", found mgvr/,
  ],
  [
    'a dependency whose hash is not its own',
    (cache) => cache.editSpecFile('tree', (text) => text.replace('"1.0"', '"1.0.9"')),
    /tree-2.*: expected the hash \w{32} for compiler-wrapper@"1\.0\.9", found jrtx/,
  ],
  [
    'an external that others contradict',
    (cache) => cache.editSpecFile('tree', (text) => text.replace('"2.36"', '"2.30"')),
    /tree-2.*: expected qggm\w+ to be the external with that hash \(glibc\/.*version "2\.36"\), found another \(version "2\.30"\)/,
  ],
  [
    'a missing node',
    (cache) =>
      cache.editSpecFile('tree', (text) =>
        text.replace(/,\{"name":"gmake","version".*?"hash":"aegz\w+"\}(?=[\],])/, ''),
      ),
    /tree-2.*: expected the node gmake\/aegz\w+ that tree\/mgvr\w+ depends on, found none/,
  ],
  [
    'a cycle',
    (cache) =>
      cache.editSpecFile('tree', (text) =>
        text.replace(
          /(\{"name":"gcc","hash":"\w+","parameters":\{"deptypes":\["build"\],"virtuals":\[\]\}\},\{)"name":"glibc","hash":"\w+"/,
          `$1"name":"tree","hash":"${TREE}"`,
        ),
      ),
    /tree-2.*: expected a DAG without cycles, found tree\/mgvr\w+ among its own dependencies/,
  ],
  [
    'a manifest at another depth',
    (cache) => {
      const path = cache.manifestPath('tree');
      const deeper = join(dirname(path), '2.1.0', 'x86_64', basename(path));
      mkdirSync(dirname(deeper), { recursive: true });
      renameSync(path, deeper);
    },
    /spec\/tree\/2\.1\.0\/x86_64\/tree-2.*: expected manifests in v3\/manifests\/spec\/<package>/,
  ],
  [
    'a manifest in no folder',
    (cache) => {
      const path = cache.manifestPath('tree');
      renameSync(path, join(dirname(dirname(path)), basename(path)));
    },
    /spec\/tree-2.*: expected manifests in v3\/manifests\/spec\/<package>/,
  ],
  ...(['', 'v3', 'v3/manifests', 'v3/manifests/index/view', 'v3/manifests/Spec/tree'] as const).map(
    (folder): [string, (cache: HostileCache) => void, RegExp] => [
      `a manifest in "${folder}" next to others`,
      (cache) => {
        const path = cache.manifestPath('tree');
        const moved = join(cache.directory, folder, basename(path));
        mkdirSync(dirname(moved), { recursive: true });
        renameSync(path, moved);
      },
      /tree-2.*: expected manifests in v3\/manifests\/spec\/<package>/,
    ],
  ),
  ...['.sig', '.gz', '~', ' ', '.JSON'].map((ending): [string, (cache: HostileCache) => void, RegExp] => [
    `a manifest that ends in "${ending}"`,
    (cache) => {
      const path = cache.manifestPath('tree');
      renameSync(path, path.replace(/\.json$/, ending.startsWith('.J') ? ending : `.json${ending}`));
    },
    /tree-2.*: expected manifests in v3\/manifests\/spec\/<package>/,
  ]),
  [
    'a folder whose name is not UTF-8',
    (cache) => {
      const folder = Buffer.from(`${dirname(dirname(cache.manifestPath('tree')))}/tr`);
      renameSync(dirname(cache.manifestPath('tree')), Buffer.concat([folder, Buffer.from([0xff])]));
    },
    /spec\/tr.*: expected manifests in/,
  ],
  [
    'folders without end',
    (cache) => mkdirSync(join(cache.directory, 'v3', ...Array<string>(40).fill('d')), { recursive: true }),
    /expected folders at most 32 deep/,
  ],
  [
    'a file instead of the folder of manifests',
    (cache) => {
      const folder = dirname(dirname(cache.manifestPath('tree')));
      rmSync(folder, { recursive: true });
      writeFileSync(folder, '');
    },
    /v3\/manifests\/spec: expected a folder, found a file/,
  ],
  [
    'a manifest of version 4',
    (cache) => cache.writeManifest('tree', cache.records('tree'), 4),
    /tree-2.*: expected a manifest of version 3, found version 4/,
  ],
  [
    'one record',
    (cache) => cache.writeManifest('tree', [cache.records('tree')[0]]),
    /expected two records, .* found 1/,
  ],
  [
    'three records',
    (cache) => cache.writeManifest('tree', [...cache.records('tree'), cache.records('tree')[0]]),
    /expected two records, .* found 3/,
  ],
  [
    'two tarballs',
    (cache) => cache.writeManifest('tree', [cache.records('tree')[0], cache.records('tree')[0]]),
    /expected two records/,
  ],
  [
    'another kind of spec file',
    (cache) => {
      const [tarball, spec] = cache.records('tree');
      cache.writeManifest('tree', [tarball, { ...spec, mediaType: 'application/vnd.spack.spec.v6+json' }]);
    },
    /expected two records, .*spec\.v5\+json, found 2: .*"application\/vnd\.spack\.spec\.v6\+json"/,
  ],
  [
    'an uncompressed tarball',
    (cache) => {
      const [tarball, spec] = cache.records('tree');
      cache.writeManifest('tree', [{ ...tarball, compression: 'none' }, spec]);
    },
    /expected a tarball compressed with gzip/,
  ],
  [
    'a manifest with a key twice',
    (cache) => {
      const path = cache.manifestPath('tree');
      writeFileSync(path, readFileSync(path, 'utf8').replace('"version":3,', '"version":3,"version":3,'));
    },
    /tree-2.*: JSON has the key "version" twice/,
  ],
  [
    'a manifest that is no text',
    (cache) => writeFileSync(cache.manifestPath('tree'), Buffer.from([0xff, 0xfe])),
    /tree-2.*: expected text in UTF-8/,
  ],
  [
    'a huge manifest',
    (cache) => writeFileSync(cache.manifestPath('tree'), Buffer.alloc(2e6)),
    /tree-2.*: expected at most 1048576 bytes, found 2000000/,
  ],
  [
    'a spec file that unpacks to gigabytes',
    (cache) => {
      const [tarball, spec] = cache.records('tree');
      cache.writeManifest('tree', [tarball, cache.addBlob(gzipSync(Buffer.alloc(20e6)), spec)]);
    },
    /blobs\/sha256\/\w+\/\w+: expected a gzip file of at most 16777216 bytes of text/,
  ],
  [
    'a spec file with something behind it',
    (cache) => {
      const [tarball, spec] = cache.records('tree');
      const bytes = readFileSync(cache.blobPath(spec));
      cache.writeManifest('tree', [tarball, cache.addBlob(Buffer.concat([bytes, bytes]), spec)]);
    },
    /expected a gzip file/,
  ],
])('refuses %s', async (_, spoiler, message) => {
  const { directory } = spoil(spoiler);
  await expect(readBuildCache(directory)).rejects.toThrow(message);
  await expect(readBuildCache(directory)).rejects.toThrow(new RegExp(`^${directory}/`));
});

/** The public key that signed the fixture; a blob of the fixture. */
function signedFixtureKey(): string {
  const manifest: { data: { checksum: string }[] } = JSON.parse(
    readFileSync(
      `${SIGNED_FIXTURE}/v3/manifests/key/FF812714F6D64D5FC414EC652E6EF459923242D9.key.manifest.json`,
      'utf8',
    ),
  );
  const checksum = manifest.data[0]?.checksum ?? '';
  return `${SIGNED_FIXTURE}/blobs/sha256/${checksum.slice(0, 2)}/${checksum}`;
}
