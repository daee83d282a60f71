import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { DifferenceCause, type Reproduction } from '../../site/schemas/checks/reproduction.ts';
import { AlikeBuilds, type AlikeBuild } from '../../site/schemas/checks/alike-builds.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { formatJson } from '../../site/lib/json.ts';
import { inventBuildRecord } from '../../tests/generate/build-record.ts';
import { inventHistory } from '../../tests/generate/history.ts';
import { findProgram } from '../../tests/tools/path.ts';
import { runProgram, tryScript } from '../../tests/world/run.ts';
import { makeEntry, makeTar, type MadeEntry } from '../../tests/world/tar-maker.ts';
import { specManifestText } from '../build-cache/mirror-manifest.ts';
import { addFiles } from '../catalog/catalog.ts';
import { blobOf } from '../cli/digest.ts';
import { classify } from './classify.ts';
import { compareCaches, type CacheComparison } from './compare.ts';
import { openCache, onlyBuilds } from './open-cache.ts';
import { recordAlike } from './record-alike.ts';

/** One file of an installation: its content, or more details. */
type Made = string | Buffer | Omit<MadeEntry, 'name'> | undefined;

/** A header from the same linker with another build ID. */
const elf = (id: string): Buffer =>
  Buffer.concat([
    Buffer.from('\x7fELF\x02\x01 code \x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0', 'latin1'),
    createHash('sha1').update(id).digest(),
    Buffer.from('more code'),
  ]);

/** An ELF file with one section that only debuggers read. */
function elfWithDebug(debug: string): Buffer {
  const names = Buffer.from('\0.debug_info\0.shstrtab\0');
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01', 0, 'latin1');
  const [debugAt, namesAt] = [64, 64 + debug.length];
  const tableAt = namesAt + names.length;
  header.writeBigUInt64LE(BigInt(tableAt), 40);
  header.writeUInt16LE(3, 60);
  header.writeUInt16LE(2, 62);
  const section = (name: number, at: number, size: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(name, 0);
    bytes.writeBigUInt64LE(BigInt(at), 24);
    bytes.writeBigUInt64LE(BigInt(size), 32);
    return bytes;
  };
  const table = [section(0, 0, 0), section(1, debugAt, debug.length), section(13, namesAt, names.length)];
  return Buffer.concat([header, Buffer.from(debug), names, ...table]);
}

function ar(date: string, ...members: [string, string][]): Buffer {
  const parts = members.map(
    ([name, text]) =>
      `${name.padEnd(16)}${date.padEnd(12)}0     0     100644  ${String(text.length).padEnd(10)}\`\n${text}${text.length % 2 ? '\n' : ''}`,
  );
  return Buffer.from(`!<arch>\n${parts.join('')}`);
}

function gzipAt(text: string, time: number): Buffer {
  const bytes = gzipSync(text);
  bytes.writeUInt32LE(time, 4);
  return bytes;
}

/** A zip file of these members, each with its name and text. */
async function zip(time: string, ...members: [string, string][]): Promise<Buffer> {
  const file = new ZipFile();
  for (const [name, text] of members)
    file.addBuffer(Buffer.from(text), name, { mtime: new Date(time), compress: true });
  file.end();
  return buffer(file.outputStream);
}

const [early, late] = ['2026-11-28T00:00:00Z', '2026-11-29T00:00:00Z'];

/** Planted differences: the expected cause, and the file in the first and the second build. */
const PLANTED: [DifferenceCause, string, Made, Made][] = [
  ['missing', 'share/extra', 'only here', undefined],
  ['kind', 'bin/tool', 'a program', { type: '2', link: 'other' }],
  ['mode', 'bin/tool', { content: 'x', mode: 0o755 }, { content: 'x', mode: 0o644 }],
  ['link-target', 'lib/libx.so', { type: '2', link: 'libx.so.1' }, { type: '2', link: 'libx.so.2' }],
  [
    'timestamp',
    'include/built.h',
    '#define DATE "Nov 28 2026 10:11:12"',
    '#define DATE "Nov 29 2026 23:01:55"',
  ],
  ['timestamp', 'share/version', 'built 2026-11-28T10:11:12Z', 'built 2026-11-29T23:01:55Z'],
  ['path', 'lib/x.pc', 'cflags=-I/tmp/stage/spack-a/src', 'cflags=-I/home/me/spack-b/src'],
  ['order', 'share/list', 'b\na\nc\n', 'a\nb\nc\n'],
  ['build-id', 'bin/program', elf('one'), elf('two')],
  ['archive-header', 'lib/libx.a', ar('1700000000', ['x.o', 'code']), ar('1800000000', ['x.o', 'code'])],
  ['order', 'lib/liby.a', ar('0', ['x.o', 'one'], ['y.o', 'two']), ar('0', ['y.o', 'two'], ['x.o', 'one'])],
  ['archive-header', 'share/x.jar', await zip(early, ['m', 'code']), await zip(late, ['m', 'code'])],
  [
    'order',
    'share/y.jar',
    await zip(early, ['m', 'one'], ['n', 'two']),
    await zip(early, ['n', 'two'], ['m', 'one']),
  ],
  [
    'timestamp',
    'share/z.jar',
    await zip(early, ['META-INF/MANIFEST.MF', 'Build-Date: 2026-11-28']),
    await zip(early, ['META-INF/MANIFEST.MF', 'Build-Date: 2026-11-29']),
  ],
  ['timestamp', 'lib/libdate.a', ar('0', ['x.o', 'at 10:11:12']), ar('0', ['x.o', 'at 10:11:13'])],
  [
    'archive-header',
    'share/x.tar',
    makeTar(makeEntry({ name: 'm', content: 'c', edit: (header) => void header.write('00000000001', 136) })),
    makeTar(makeEntry({ name: 'm', content: 'c', edit: (header) => void header.write('00000000002', 136) })),
  ],
  ['gzip-header', 'share/man/x.1.gz', gzipAt('a page', 1), gzipAt('a page', 2)],
  ['timestamp', 'share/man/y.1.gz', gzipAt('2026-11-28', 1), gzipAt('2026-11-29', 1)],
  ['python-bytecode', 'lib/x.pyc', 'magic1700000000code', 'magic1800000000code'],
  ['host-name', 'share/config.h', 'hostname: builder-17', 'hostname: runner3'],
  [
    'host-name',
    'share/uname',
    'Linux builder-1 6.8.0-1017-azure x86_64',
    'Linux fv-az99 6.8.0-1017-azure x86_64',
  ],
  ['kernel', 'share/os.h', '#define OS "Linux 6.8.0-1017-azure"', '#define OS "Linux 5.15.0-91-generic"'],
  ['kernel', 'share/config.txt', 'uname -r = 6.8.0-1017-azure', 'uname -r = 5.15.0-91-generic'],
  ['locale', 'share/environment', 'LANG=en_US.UTF-8', 'LANG=C'],
  ['order', 'share/sorted', 'Apple\nbanana\nCherry\n', 'Apple\nCherry\nbanana\n'],
  ['order', 'share/list.json', '["a","c","b"]', '["a","b","c"]'],
  ['random', 'share/stage', 'made in /tmp/tmp.Xa81kQ9z0p', 'made in /tmp/tmp.bb73LLpq01'],
  ['random', 'share/object', '<object at 0x7f3a12bc4d90>', '<object at 0x7f11aabb0010>'],
  ['core-count', 'share/cores.json', '{"num_cpus": 4}', '{"num_cpus": 16}'],
  ['cpu-flags', 'share/cpu', '-march=znver3 -O2', '-march=icelake-server -mtune=icelake-server -O2'],
  ['timestamp', 'share/day', 'version 20261128', 'version 20261129'],
  ['user-name', 'share/config.log', 'user=alice', 'user=runner'],
  ['process-id', 'share/log', 'started with pid 4711', 'started with pid 12'],
  [
    'cpu-flags',
    'share/flags',
    'CFLAGS=-O2 -march=haswell',
    'CFLAGS=-O2 -march=znver4 -mtune=znver4'.replace(' -mtune=znver4', ''),
  ],
  ['core-count', 'share/Makefile', 'make -j2 all', 'make -j16 all'],
  ['random', 'share/id', 'seed 1a2b3c', 'seed 99ff00'],
  ['debug-info', 'bin/debugged', elfWithDebug('one debug'), elfWithDebug('two debug')],
  ['line-ends', 'share/readme', 'one\r\ntwo\r\n', 'one\ntwo\n'],
  ['content', 'share/other', 'a completely', 'different text'],
];

/** Payloads that differ only in the place and time of installation, and in Spack's notes about them. */
const CLEAN: ((prefix: string) => Record<string, Made>)[] = Array.from(
  { length: 20 },
  (_, at) => (prefix: string) => ({
    [`bin/tool${at}`]: { content: `#!/${prefix}/bin/sh\necho ${at}\n`, mode: 0o755 },
    [`lib/libx${at}.so.1`]: elf(`same ${at}`),
    [`lib/libx${at}.so`]: { type: '2', link: at % 2 ? `/${prefix}/lib/libx${at}.so.1` : `libx${at}.so.1` },
    [`lib/x${at}.pc`]: `prefix=/${prefix}\nlibs=-L/${prefix}/lib -L/${prefix.replace(/clean.*$/, 'dep-1.0')}/lib`,
  }),
);

let folder: string;
let compared: CacheComparison;
let found: CacheComparison['reproduction'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'challenge-'));
  for (const [at, cache] of ['a', 'b'].entries()) {
    const prefixOf = (name: string): string => (at === 0 ? `opt/a/${name}` : `home/other/place/${name}`);
    for (const [index, [, path, ...contents]] of PLANTED.entries()) {
      const name = `planted${index}`;
      await addBuild(cache, name, prefixOf(name), { 'share/same': 'same', [path]: contents[at] });
    }
    for (const [index, made] of CLEAN.entries())
      await addBuild(cache, `clean${index}`, prefixOf(`clean${index}`), made(prefixOf(`clean${index}`)));
  }
  await addBuild('a', 'lonely', 'opt/a/lonely', {});
  compared = await compareCaches(await openCache(join(folder, 'a')), await openCache(join(folder, 'b')));
  found = compared.reproduction;
});

afterAll(() => rm(folder, { recursive: true }));

test.each(PLANTED.map(([cause, path], index) => [cause, path, index] as const))(
  'names %s in %s',
  (cause, path, index) => {
    const build = found.differing.find(({ name }) => name === `planted${index}`);
    expect(build).toMatchObject({ files: 1, causes: [cause], examples: [{ path, cause }] });
  },
);

/**
 * Output of real compilers: the files of a first and a second build, and the commands that make them from
 * `$at`.
 */
const COMPILED: [DifferenceCause, string, string][] = [
  ['path', 'a text of a program that is longer', 'gcc -Wl,--build-id=sha1 -o out $at/file.c'],
  ['path', 'a text in an archive', 'gcc -c -o x.o $at/file.c && ar rcD out x.o'],
  ['timestamp', 'a date, which changes the build id', 'gcc -Wl,--build-id=sha1 -D"$when" -o out date.c'],
  ['debug-info', 'where sources were', 'gcc -g -Wl,--build-id=sha1 -o out $at/plain.c'],
  ['debug-info', 'where sources of an archive were', 'gcc -g -c -o x.o $at/plain.c && ar rcD out x.o'],
  ['build-id', 'a random build id', 'gcc -Wl,--build-id=uuid -o out plain.c'],
  ['order', 'members in another order', 'gcc -c plain.c file.c && ar rcD out $members'],
];

describe.skipIf(findProgram('gcc') === undefined)('names the causes in the output of a real compiler', () => {
  test.each(COMPILED)('%s: %s', async (cause, _, command) => {
    const at = join(folder, 'compiled');
    const [one = Buffer.alloc(0), other = Buffer.alloc(0)] = await Promise.all(
      [
        { at: 'one', when: 'WHEN="10:11:12"', members: 'plain.o file.o' },
        { at: 'another', when: 'WHEN="10:11:13"', members: 'file.o plain.o' },
      ].map(async (variables) => {
        const cwd = await mkdtemp(`${at}-`);
        for (const place of ['.', variables.at]) {
          await mkdir(join(cwd, place), { recursive: true });
          await writeFile(
            join(cwd, place, 'plain.c'),
            'int plain(int x) { return x; }\nint main() { return plain(0); }',
          );
          await writeFile(
            join(cwd, place, 'file.c'),
            'char *name = __FILE__;\nint main() { return name == 0; }',
          );
          await writeFile(
            join(cwd, place, 'date.c'),
            'char *when = "at " WHEN;\nint main() { return when == 0; }',
          );
        }
        const run = await runProgram(
          'sh',
          ['-c', command],
          { ...process.env, ...variables, at: join(cwd, variables.at) },
          cwd,
        );
        expect(run.output).toBe('');
        return readFile(join(cwd, 'out'));
      }),
    );
    expect(classify('lib/out', one, other, { first: [], second: [] })).toBe(cause);
  });
});

test('treats clean recipes as equal, wherever they are installed and whatever Spack records', () => {
  expect(found.differing.filter(({ name }) => name.startsWith('clean'))).toEqual([]);
  expect(found).toMatchObject({ compared: PLANTED.length + 20, equal: 20, onlyFirst: 1, onlySecond: 0 });
  expect(found.causes.reduce((sum, { builds }) => sum + builds, 0)).toBe(PLANTED.length);
  expect(new Set(PLANTED.map(([cause]) => cause)).size).toBe(DifferenceCause.options.length);
});

test('compares only the requested builds of the second cache', async () => {
  const second = await openCache(join(folder, 'b'));
  const [wanted = ''] = second.builds.keys();
  const { reproduction } = await compareCaches(
    await openCache(join(folder, 'a')),
    onlyBuilds(second, [wanted]),
  );
  expect(reproduction).toMatchObject({ compared: 1, onlySecond: 0 });
});

test('reads the blob that a manifest names even when both name the same', async () => {
  for (const cache of ['claims-a', 'claims-b']) await addBuild(cache, 'claimed', 'opt/claimed', {});
  const [build] = (await openCache(join(folder, 'claims-b'))).builds.values();
  if (!build) throw new Error('expected a build');
  // The manifest from the first cache, without its tarball.
  const path = join('claims-b', build.path);
  await put(path, await readFile(join(folder, 'claims-a', build.path)));
  const open = async () =>
    compareCaches(await openCache(join(folder, 'claims-a')), await openCache(join(folder, 'claims-b')));
  const { digest } = await (await openCache(join(folder, 'claims-a'))).tarballOf(build);
  await rm(join(folder, 'claims-b', mirrorBlobPath(digest)), { force: true });
  await expect(open()).rejects.toThrow('expected the tarball of a build, found nothing');
});

test('refuses a tarball that would unpack endlessly, in one sentence that names its build', async () => {
  for (const cache of ['bomb-a', 'bomb-b']) {
    const huge = makeEntry({ name: 'opt/x/zeros', content: cache });
    huge.write('77777777777\0', 124);
    huge.fill(' ', 148, 156);
    const sum = huge.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    huge.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await addTarball(cache, 'bomb', gzipSync(huge));
  }
  const run = await tryScript('challenge', [join(folder, 'bomb-a'), join(folder, 'bomb-b')]);
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(
    /error: the tarball sha256:\w+ of bomb\/\w+: expected a tar of at most 1.07 GB for/,
  );
  expect(run.stderr).not.toMatch(/\n\s+at /);
});

test.each<[string, (text: string) => Buffer]>([
  ['an archive whose member has a negative size', (text) => ar('0', ['x.o', text], ['y.o', 'y'])],
  ['a gzip file in a gzip file', (text) => gzipSync(gzipSync(text))],
])('looks into %s, and ends', (_, make) => {
  const hostile = (text: string): Buffer =>
    Buffer.from(
      make(text)
        .toString('latin1')
        .replace(/4 {9}`\n/, '-60       `\n'),
      'latin1',
    );
  const found = classify('lib/x', hostile('1234'), hostile('5678'), { first: [], second: [] });
  expect(['content', 'gzip-header']).toContain(found);
});

test('prints JSON, records it, and ends with 1 only on request', async () => {
  const options = [join(folder, 'a'), join(folder, 'b'), '--json', '--catalog', join(folder, 'content')];
  const { code, stdout, stderr } = await tryScript('challenge', [...options, '--record']);
  expect(code, stderr).toBe(0);
  expect((JSON.parse(stdout) as Reproduction).equal).toBe(20);
  expect(stderr).toContain(`20 of ${PLANTED.length + 20} builds are equal`);
  expect((await tryScript('challenge', [...options, '--strict'])).code).toBe(1);
  const wrong = await tryScript('challenge', [join(folder, 'nothing'), join(folder, 'b')]);
  expect(wrong).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('expected a build cache of layout 3'),
  });
});

test('names a second build that failed, and records nothing when nothing is left to compare', async () => {
  const content = join(folder, 'failed');
  const options = [join(folder, 'a'), join(folder, 'b'), '--record', '--catalog', content];
  const [[built = ''] = []] = [...(await openCache(join(folder, 'b'))).builds];
  const lonely = [...(await openCache(join(folder, 'a'))).builds.values()].find(
    ({ name }) => name === 'lonely',
  );
  const some = await tryScript('challenge', options, { ONLY_HASHES: `${built} ${lonely?.hash}` });
  const sentence = `lonely@1.0/${lonely?.hash} was not rebuilt: `;
  expect(some).toMatchObject({ code: 0, output: expect.stringContaining(sentence) });
  const record = join(content, 'checks/challenge.json');
  const before = await readFile(record, 'utf8');
  const none = await tryScript('challenge', options, { ONLY_HASHES: lonely?.hash ?? '' });
  expect(none).toMatchObject({ code: 1, output: expect.stringContaining('nothing was compared') });
  expect(none.output).toContain(sentence);
  expect(await readFile(record, 'utf8')).toBe(before);
});

test('records which builds of the catalog were reproduced, once per run, until they differ', async () => {
  const catalog = join(folder, 'alike');
  const history = inventHistory({ builds: 1, seed: 1 });
  const [invented] = history.builds.values();
  if (!invented) throw new Error('expected a build');
  const record = inventBuildRecord(history, invented);
  const have = ({ name, version, hash }: { name: string; version: string; hash: string }, digest: string) =>
    addFiles(catalog, [
      {
        path: buildFile({ name, version, hash }),
        content: formatJson({ ...record, name, version, hash, tarball: { ...record.tarball, digest } }),
      },
    ]);
  const [one, another, ...rest] = compared.alike;
  if (!one || !another || rest.length !== 18) throw new Error('expected twenty builds that are alike');
  have(one, one.tarballs[0]);
  have(another, blobOf(Buffer.from('published since')).digest);
  const date = '2026-11-29T00:00:00Z';
  const noted = async (): Promise<AlikeBuild[]> =>
    AlikeBuilds.parse(JSON.parse(await readFile(join(catalog, 'checks/alike.json'), 'utf8'))).builds;

  // For the others the catalog has no build, or not with that tarball.
  const run = 'https://github.com/owner/repo/actions/runs/1';
  expect(recordAlike(catalog, compared, { date, run })).toBe(1);
  const expected = {
    name: one.name,
    version: '1.0',
    hash: one.hash,
    tarball: one.tarballs[0],
    last: date,
    run,
  };
  expect(await noted()).toEqual([{ ...expected, by: 2 }]);
  // The same run adds nothing; another one does.
  recordAlike(catalog, compared, { date, run });
  expect(await noted()).toEqual([{ ...expected, by: 2 }]);
  recordAlike(catalog, compared, { date, run: `${run}0` });
  expect(await noted()).toEqual([{ ...expected, by: 3, run: `${run}0` }]);
  expect(recordAlike(catalog, { alike: [], unlike: [one.hash] }, { date, run })).toBe(0);
  expect(await noted()).toEqual([]);
});

test('ignores names in a cache that no package has', async () => {
  await addBuild('strange', '..', 'opt/x', {});
  await expect(openCache(join(folder, 'strange'))).rejects.toThrow('found none');
});

async function addBuild(
  cache: string,
  name: string,
  prefix: string,
  files: Record<string, Made>,
): Promise<void> {
  const entries = Object.entries(files).flatMap(([path, made]): MadeEntry[] => {
    if (made === undefined) return [];
    const entry = typeof made === 'string' || Buffer.isBuffer(made) ? { content: made } : made;
    return [{ name: `${prefix}/${path}`, ...entry }];
  });
  const notes = {
    name: `${prefix}/.spack/install_times.json`,
    content: `{"total": ${cache === 'a' ? 1 : 2}}`,
  };
  await addTarball(
    cache,
    name,
    gzipSync(makeTar({ name: `${prefix}/.spack`, type: '5' }, notes, ...entries)),
  );
}

async function addTarball(cache: string, name: string, tarball: Buffer): Promise<void> {
  const hash = createHash('sha1')
    .update(name)
    .digest('hex')
    .replaceAll(/[0189]/g, 'z')
    .padEnd(40, 'a')
    .slice(0, 32);
  const spec = Buffer.from('{}');
  for (const bytes of [tarball, spec]) await put(join(cache, mirrorBlobPath(blobOf(bytes).digest)), bytes);
  await put(
    join(cache, `v3/manifests/spec/${name}/${name}-1.0-${hash}.spec.manifest.json`),
    specManifestText(blobOf(tarball), blobOf(spec)),
  );
}

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}
