import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createGzip, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { makeEntry, makePax, makeTar, type MadeEntry } from '../../../tests/world/tar-maker.ts';
import { readBuildCache } from '../build-cache.ts';
import { PathTree } from './path-tree.ts';
import { inspectTarball } from './tarball.ts';

const PREFIX = 'opt/sw/big-1.0';
const BEFORE: MadeEntry[] = [
  'opt',
  'opt/sw',
  PREFIX,
  `${PREFIX}/.spack`,
  `${PREFIX}/bin`,
  `${PREFIX}/lib`,
].map((name) => ({ name, type: '5', mode: 0o755 }));
const BUILD_INFO = {
  name: `${PREFIX}/.spack/binary_distribution`,
  content:
    '{buildpath: /opt/sw, relative_prefix: big-1.0, relocate_binaries: [], relocate_textfiles: [], hash_to_prefix: {}}',
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tarball-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function inspect(bytes: Buffer, expected: { digest?: string; size?: number; platform?: string } = {}) {
  const { digest = sha256(bytes), size = bytes.length, platform = 'linux' } = expected;
  return inspectTarball(Readable.from(cut(bytes)), { where: 'cache/x', blob: { digest, size }, platform });
}

function pack(...entries: (MadeEntry | Buffer)[]): Buffer {
  return gzipSync(makeTar(...BEFORE, ...entries, BUILD_INFO));
}

test('collects the facts of a real tarball', async () => {
  const entries = await readBuildCache('tests/fixtures/cache-unsigned');
  const lz4 = entries.find(({ root }) => root.node.hash === 'zbinebfiy54lyzk4vz5fcnxhz54icei4');
  if (!lz4) throw new Error('the fixture lacks lz4');
  const source = createReadStream(lz4.tarballPath);
  const inspected = await inspectTarball(source, { where: lz4.where, blob: lz4.tarball, platform: 'linux' });
  expect(inspected).toEqual({
    tarball: {
      ...lz4.tarball,
      uncompressedDigest: 'sha256:ee8a37d990916f276defc642ff024b65e24e92228b7712f25e55057403b80f38',
      installedSize: 1669213,
      files: 24,
    },
    contents: {
      prefix: '/opt/software/linux-x86_64_v3/lz4-1.9.4-zbinebfiy54lyzk4vz5fcnxhz54icei4',
      programs: ['lz4', 'lz4c', 'lz4cat', 'unlz4'],
      libraries: ['liblz4.so', 'liblz4.so.1', 'liblz4.so.1.9.4'],
      glibc: '2.34',
    },
    spackVersion: '1.2.0.dev0',
    times: { total: 2.2, phases: [{ name: 'build', seconds: 2 }] },
    logSize: 466,
  });
  expect(source.destroyed).toBe(true);
});

test("finds Spack's own bill of materials, and ignores any that is not SPDX 2.3", async () => {
  const spdx = {
    spdxVersion: 'SPDX-2.3',
    SPDXID: 'SPDXRef-DOCUMENT',
    packages: [{ SPDXID: 'SPDXRef-p', name: 'p' }],
  };
  const inspectWith = (content: string, name = 'p.spdx.json') =>
    inspect(pack({ name: `${PREFIX}/.spack/sbom/${name}`, content }));
  const { sbom } = await inspectWith(JSON.stringify(spdx));
  expect(sbom).toMatchObject({ path: '.spack/sbom/p.spdx.json', size: JSON.stringify(spdx).length });
  expect((await inspectWith('{"spdxVersion":"SPDX-2.2"}')).sbom).toBeUndefined();
  expect((await inspectWith('not JSON')).sbom).toBeUndefined();
  expect((await inspectWith(JSON.stringify(spdx), 'a b.json')).sbom).toBeUndefined();
});

test.skipIf(!hasPython())('counts what Python sees in every real tarball', async () => {
  for (const { where, tarball: blob, tarballPath } of await readBuildCache('tests/fixtures/cache-unsigned')) {
    const source = createReadStream(tarballPath);
    const { tarball } = await inspectTarball(source, { where, blob, platform: 'linux' });
    const { uncompressedDigest, installedSize, files } = tarball;
    expect({ uncompressedDigest, installedSize, files }).toEqual(seenByPython(tarballPath));
  }
});

test('recognizes programs and libraries by their paths', async () => {
  const { contents, tarball, spackVersion } = await inspect(
    pack(
      { name: `${PREFIX}/bin/run`, content: '#!', mode: 0o755 },
      { name: `${PREFIX}/bin/twin`, type: '1', link: `${PREFIX}/bin/run`, mode: 0o755 },
      { name: `${PREFIX}/bin/link`, type: '2', link: 'run' },
      { name: `${PREFIX}/bin/readme`, content: 'no program' },
      { name: `${PREFIX}/bin/ev\u202eil`, mode: 0o755 },
      { name: `${PREFIX}/bin/ev\x1b[2Jil`, mode: 0o755 },
      { name: `${PREFIX}/lib/libev\vil.so` },
      { name: `${PREFIX}/sbin/daemon`, mode: 0o755 },
      { name: `${PREFIX}/libexec/bin/helper`, mode: 0o755 },
      { name: `${PREFIX}/lib/libbig.so.1.2`, content: '\x7fELF\0GLIBC_2.3.4\0' },
      { name: `${PREFIX}/lib64/deep/er/libdeep.dylib` },
      { name: `${PREFIX}/lib/libbig.a` },
      { name: `${PREFIX}/share/libother.so` },
      { name: `${PREFIX}/.spack/install_environment.json`, content: '{"spack_version":"<b>"}' },
    ),
  );
  expect(contents).toEqual({
    prefix: `/${PREFIX}`,
    programs: ['daemon', 'link', 'run', 'twin'],
    libraries: ['libbig.so.1.2', 'libdeep.dylib'],
    glibc: '2.3.4',
  });
  expect(tarball.files).toBe(15);
  expect(spackVersion).toBeUndefined();
});

test('accepts a name that is not UTF-8, as Spack packs it', async () => {
  const name = Buffer.from(`${PREFIX}/caf\xe9`, 'latin1');
  const { tarball } = await inspect(pack(makePax({ hdrcharset: 'BINARY', path: name }), { name: 'caf?' }));
  expect(tarball.files).toBe(2);
});

test('reports first that a blob was cut or changed', async () => {
  const good = pack({ name: `${PREFIX}/bin/run`, content: 'x'.repeat(5000) });
  const digest = sha256(good);
  for (const at of [0, 3, 20, Math.floor(good.length / 2), good.length - 6]) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    await expect(inspect(bad, { digest })).rejects.toThrow(
      `cache/x: expected a tarball of ${digest}, found ${sha256(bad)}; the file was cut or changed`,
    );
  }
  const { length } = good;
  await expect(inspect(good.subarray(0, -9), { digest, size: length })).rejects.toThrow(
    `cache/x: expected a tarball of ${length} bytes, found ${length - 9}; the file was cut or changed`,
  );
  await expect(inspect(Buffer.concat([good, good]), { digest, size: length })).rejects.toThrow(
    `expected a tarball of ${length} bytes, found more`,
  );
  await expect(inspect(Buffer.alloc(0), { digest, size: length })).rejects.toThrow(
    `found 0; the file was cut`,
  );
});

test('does not read everything behind a bad tarball', async () => {
  const gibibyte = 1024 ** 3;
  const path = join(folder, 'sparse.tar.gz');
  writeFileSync(path, pack());
  truncateSync(path, 64 * gibibyte);
  let read = 0;
  const source = createReadStream(path, { highWaterMark: 16 * 1024 ** 2 });
  source.on('data', (chunk) => (read += chunk.length)).pause();
  const blob = { digest: sha256(Buffer.from('')), size: 64 * gibibyte };
  await expect(inspectTarball(source, { where: 'cache/x', blob, platform: 'linux' })).rejects.toThrow(
    'cache/x: expected one gzip file and nothing after it',
  );
  expect(read).toBeLessThan(gibibyte / 2);
});

test('reports a blob that cannot be read', async () => {
  const blob = { digest: sha256(Buffer.alloc(0)), size: 1 };
  const source = createReadStream(join(folder, 'no-such-file'));
  await expect(inspectTarball(source, { where: 'cache/x', blob, platform: 'linux' })).rejects.toThrow(
    /cache\/x: ENOENT/,
  );
});

test.each<[string, Buffer, RegExp]>([
  ['a way up', pack({ name: `${PREFIX}/../../x` }), /inside the install prefix/],
  [
    'a write through a link',
    pack({ name: `${PREFIX}/l`, type: '2', link: '/etc' }, { name: `${PREFIX}/l/x` }),
    /below the symbolic link/,
  ],
  ['a set-user-ID file', pack({ name: `${PREFIX}/bin/su`, mode: 0o4755 }), /mode 4755/],
  ['a device', pack({ name: `${PREFIX}/null`, type: '3' }), /a character device/],
  [
    'a relocation of a file elsewhere',
    gzipSync(makeTar(...BEFORE, { ...BUILD_INFO, content: '{relocate_textfiles: [../../x]}' })),
    /relocate_textfiles/,
  ],
  [
    'a huge list of relocations',
    gzipSync(makeTar(...BEFORE, { ...BUILD_INFO, content: Buffer.alloc(9e6) })),
    /at most 8388608 bytes/,
  ],
  [
    'a small file of much',
    gzipSync(
      makeEntry({ name: 'x', edit: (header) => header.write((2 ** 31).toString(8).padStart(11, '0'), 124) }),
    ),
    /a tar of at most 1\.\d+ GB for its compressed size, found 2\.15 GB or more/,
  ],
  [
    'thousands of programs',
    pack(
      ...Array.from({ length: 5_001 }, (_, at) => ({ name: `${PREFIX}/bin/${at}`, type: '2', link: 'x' })),
    ),
    /at most 2000 programs .* found 5001/,
  ],
  [
    'libraries with long names',
    pack(
      ...Array.from({ length: 4_500 }, (_, at) => ({ name: `${PREFIX}/lib/lib${at}${'y'.repeat(60)}.so` })),
    ),
    /found 4500 with 3\d{5}/,
  ],
  [
    'another prefix',
    gzipSync(makeTar(...BEFORE, { ...BUILD_INFO, content: '{buildpath: /a, relative_prefix: b}' })),
    /expected the install prefix/,
  ],
  ['a tar that is not compressed', makeTar(...BEFORE, BUILD_INFO), /one that is a tar as well/],
  ['a gzip file that is a tar too', asTarToo(makeTar(...BEFORE, BUILD_INFO)), /one that is a tar as well/],
  ['two gzip files in one', Buffer.concat([pack(), gzipSync(makeTar({ name: '/etc/passwd' }))]), /junk/],
  ['two gzip files with zeros between', Buffer.concat([pack(), Buffer.alloc(9), pack()]), /junk/],
  ['zeros behind the gzip file', Buffer.concat([pack(), Buffer.alloc(9)]), /junk/],
  ['what is no gzip file', Buffer.from('hello'), /incorrect header check|unexpected end/],
  ['an empty archive', gzipSync(Buffer.alloc(10240)), /that Spack adds to every tarball, found none/],
  [
    'a tar without its end',
    gzipSync(Buffer.concat([...BEFORE, BUILD_INFO].map((entry) => makeEntry(entry)))),
    /two blocks of zeros/,
  ],
])('refuses %s', async (_, bytes, message) => {
  await expect(inspect(bytes)).rejects.toThrow(message);
  await expect(inspect(bytes)).rejects.toThrow(/^cache\/x: .*; rebuild this spec and push it$/s);
});

test('treats names as equal where the platform does', async () => {
  const bytes = pack({ name: `${PREFIX}/l`, type: '2', link: '/etc' }, { name: `${PREFIX}/L/x` });
  expect((await inspect(bytes)).tarball.files).toBe(3);
  await expect(inspect(bytes, { platform: 'darwin' })).rejects.toThrow(/below the symbolic link/);
});

test('reads a large tarball in little memory', async () => {
  const path = join(folder, 'large.tar.gz');
  const size = 200_000_000;
  const blob = await writeLargeTarball(path, size);
  const script = [
    `import { createReadStream } from 'node:fs';`,
    `import { inspectTarball } from ${JSON.stringify(join(import.meta.dirname, 'tarball.ts'))};`,
    `const expected = { where: 'x', platform: 'linux', blob: ${JSON.stringify(blob)} };`,
    `const { tarball } = await inspectTarball(createReadStream(${JSON.stringify(path)}), expected);`,
    `console.log(JSON.stringify([tarball.installedSize, process.resourceUsage().maxRSS]));`,
  ].join('\n');
  writeFileSync(join(folder, 'measure.ts'), script);
  const output = execFileSync(process.execPath, [join(folder, 'measure.ts')], { encoding: 'utf8' });
  const [installedSize, residentKilobytes] = z.tuple([z.number(), z.number()]).parse(JSON.parse(output));
  expect(installedSize).toBe(size + BUILD_INFO.content.length);
  expect(residentKilobytes).toBeLessThan(150_000);
});

/** Writes a tarball with one file of `size` bytes that do not compress. */
async function writeLargeTarball(path: string, size: number): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    largeTar(size),
    createGzip({ level: 0 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  return { digest: `sha256:${hash.digest('hex')}`, size: bytes };
}

function* largeTar(size: number): Generator<Buffer> {
  for (const entry of BEFORE) yield makeEntry(entry);
  yield makeEntry({
    name: `${PREFIX}/lib/large`,
    edit: (header) => header.write(size.toString(8).padStart(11, '0'), 124),
  });
  const chunk = randomBytes(1_000_000);
  for (let written = 0; written < size; written += chunk.length) yield chunk;
  yield Buffer.alloc(-size & 511);
  yield makeTar(BUILD_INFO);
}

/** The archive as a gzip file that is also a tar, for a reader that looks for a tar first. */
function asTarToo(tar: Buffer): Buffer {
  const start = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 0xf4, 0x01]);
  const header = makeEntry({ name: '', edit: (bytes) => start.copy(bytes) });
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(tar), 0);
  end.writeUInt32LE(tar.length, 4);
  const bytes = Buffer.concat([header, deflateRawSync(tar), end]);
  if (!gunzipSync(bytes).equals(tar)) throw new Error('expected a gzip file');
  return bytes;
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function hasPython(): boolean {
  return spawnSync('python3', ['--version']).status === 0;
}

/** Contents of a tarball as Spack's own reader, Python's tarfile, sees them. */
function seenByPython(path: string): unknown {
  const script = [
    'import gzip, hashlib, json, sys, tarfile',
    'members = tarfile.open(sys.argv[1]).getmembers()',
    'files = [member for member in members if not member.isdir()]',
    'digest = "sha256:" + hashlib.sha256(gzip.open(sys.argv[1]).read()).hexdigest()',
    'print(json.dumps({"uncompressedDigest": digest, "files": len(files),',
    '  "installedSize": sum(member.size for member in files)}))',
  ];
  return JSON.parse(execFileSync('python3', ['-c', script.join('\n'), path], { encoding: 'utf8' }));
}

test('refuses a prefix of another build, and one in a folder of the system', async () => {
  const at = (prefix: string) => {
    const parents = prefix.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/'));
    const [root = '', name = ''] = [
      prefix.slice(0, prefix.lastIndexOf('/')),
      prefix.slice(prefix.lastIndexOf('/') + 1),
    ];
    const bytes = gzipSync(
      makeTar(
        ...[...parents, `${prefix}/.spack`].map((folder) => ({ name: folder, type: '5', mode: 0o755 })),
        {
          name: `${prefix}/.spack/binary_distribution`,
          content: `{buildpath: /${root}, relative_prefix: ${name}, relocate_binaries: [], relocate_textfiles: [], hash_to_prefix: {}}`,
        },
      ),
    );
    const blob = { digest: sha256(bytes), size: bytes.length };
    return inspectTarball(Readable.from(cut(bytes)), {
      where: 'cache/x',
      blob,
      platform: 'linux',
      prefixName: 'big-1.0-abc',
    });
  };
  expect((await at('opt/sw/big-1.0-abc')).contents.prefix).toBe('/opt/sw/big-1.0-abc');
  for (const prefix of [
    'opt/sw/other-1.0-abc',
    'usr/big-1.0-abc',
    'usr/lib/big-1.0-abc',
    'etc/x/big-1.0-abc',
  ])
    await expect(at(prefix), prefix).rejects.toThrow(/expected an install prefix that ends in \/big-1.0-abc/);
});

test('refuses more folders than fit into memory, even without an entry for each', () => {
  const tree = new PathTree();
  const deep = Array.from({ length: 240 }, (_, at) => `d${at}`).join('/');
  expect(() => {
    for (let at = 0; at < 90_000; at += 1) tree.add({ path: `${at}/${deep}/f`, kind: 'file' });
  }).toThrow(/at most 500000 files and folders/);
});
