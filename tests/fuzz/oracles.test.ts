import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import glob from 'fast-glob';
import { extract } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { TarDialect } from '../../scripts/build-cache/tar/dialect.ts';
import { TarListing } from '../../scripts/build-cache/tar/listing.ts';
import { GlibcScan } from '../../scripts/build-cache/elf-glibc.ts';
import { verifyManifest } from '../../site/lib/spack/signed-manifest.ts';
import { dagHashText } from '../../site/lib/spack/node-text.ts';
import { openGnupg } from '../world/gnupg.ts';
import { mutateNodes } from '../world/node-mutations.ts';
import { oddNode } from '../world/odd-nodes.ts';
import { judge } from '../world/own-verdict.ts';
import { GNU_MAGIC, makeEntry, makePax, makeTar } from '../world/tar-maker.ts';
import { CASES, holds, mutated, mutatedBytes, SEED } from './fuzz.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const gnu = (header: Buffer) => header.write(GNU_MAGIC, 257, 'latin1');

/** Archives in the formats of Python and GNU tar, with everything that is accepted. */
const TARS = [
  makeTar(
    { name: 'p/', type: '5', mode: 0o755 },
    { name: 'p/file', content: 'text' },
    { name: 'p/hard', type: '1', link: 'p/file' },
    { name: 'p/soft', type: '2', link: 'file' },
  ),
  makeTar(makePax({ path: `p/${'long'.repeat(40)}`, mtime: '1.5' }), { name: 'p/x', content: 'y' }),
  makeTar(makePax({ hdrcharset: 'BINARY', path: Buffer.from('p/\xe9', 'latin1') }), { name: 'p/?' }),
  makeTar(
    { name: '././@LongLink', type: 'K', content: 'target\0', edit: gnu },
    { name: '././@LongLink', type: 'L', content: 'p/name\0', edit: gnu },
    { name: 'n', type: '2', edit: gnu },
    makeEntry({ name: 'p/next', content: 'abc', edit: gnu }),
  ),
];

type Listed = [name: string, kind: string, target: string, mode: number, sum: string];
interface Answer {
  answer?: unknown;
  error?: string;
}

/** Asks Python about many inputs in a single process. */
async function askPython(queries: readonly { kind: 'tar' | 'json'; bytes: Buffer }[]): Promise<Answer[]> {
  const child = spawn('python3', [join(import.meta.dirname, 'oracles.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(
    queries
      .map(({ kind, bytes }) => `${JSON.stringify({ kind, bytes: bytes.toString('base64') })}\n`)
      .join(''),
  );
  const answers = (await text(child.stdout))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
  expect(answers).toHaveLength(queries.length);
  return answers;
}

/** Returns the entries of an accepted archive; undefined for others. */
async function listTar(tar: Buffer): Promise<Listed[] | undefined> {
  const archive = extract();
  try {
    const dialect = new TarDialect();
    dialect.check(tar);
    dialect.end();
    const listing = new TarListing();
    archive.end(tar);
    const entries: Listed[] = [];
    for await (const entry of archive) {
      const { type, name, linkname, mode = 0 } = entry.header;
      const kind = { file: 'file', link: 'hard link', symlink: 'symbolic link', directory: 'directory' }[
        String(type)
      ];
      if (kind === undefined) return undefined;
      const target = linkname ?? '';
      const path = listing.add({ name, kind: kind as 'file', target, mode });
      const sum = createHash('sha256')
        .update(await buffer(entry))
        .digest('hex');
      entries.push([path, kind, target, mode, sum]);
    }
    return entries;
  } catch {
    return undefined;
  } finally {
    archive.destroy();
  }
}

/** Offsets of header fields. */
const FIELDS = [0, 1, 2, 5, 100, 104, 106, 124, 134, 136, 156, 157, 158, 257, 263, 265, 329, 345, 346, 500];
const BYTES = [...Buffer.from('\0 /.01257xgLKSp\x80\xff', 'latin1')];

/** Changes fields of headers and corrects their checksums; sometimes changes anything. */
const changedTar = fc.oneof(
  { weight: 1, arbitrary: mutatedBytes(TARS) },
  {
    weight: 10,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...TARS),
        fc.array(fc.tuple(fc.nat(5), fc.constantFrom(...FIELDS), fc.nat(3), fc.constantFrom(...BYTES)), {
          maxLength: 4,
        }),
      )
      .map(([tar, edits]) => changeHeaders(tar, edits)),
  },
);

function changeHeaders(tar: Buffer, edits: readonly [number, number, number, number][]): Buffer {
  const changed = Buffer.from(tar);
  for (const [block, field, offset, byte] of edits) {
    const at = 512 * block + field + offset;
    if (at < changed.length - 1024) changed[at] = byte;
  }
  for (let at = 0; at + 512 <= changed.length; at += 512) {
    const header = changed.subarray(at, at + 512);
    if (!header.includes('ustar')) continue;
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return changed;
}

describe(`readers compared with their reference: ${CASES} cases each, seed ${SEED}`, () => {
  test('an accepted tar is the same to Python’s tarfile', async () => {
    const tars = [...TARS, ...fc.sample(changedTar, { numRuns: CASES, seed: SEED })];
    const own = await Promise.all(tars.map(listTar));
    const accepted = tars.filter((_, at) => own[at] !== undefined);
    const answers = await askPython(accepted.map((bytes) => ({ kind: 'tar', bytes })));
    const lists = own.filter((list) => list !== undefined);
    const different = lists.flatMap((list, at) => {
      // Python marks bytes that are not valid UTF-8 in its own way.
      const found = JSON.stringify(answers[at]?.answer)?.replaceAll(/\\ud[c-f][0-9a-f]{2}/g, '\ufffd');
      // It removes trailing slashes of names, but not of link targets.
      const expected = list.map(([name = '', ...others]) => [String(name).replace(/\/+$/, ''), ...others]);
      return found === JSON.stringify(expected) ? [] : [[list, answers[at]]];
    });
    expect(different).toEqual([]);
    expect(lists.length).toBeGreaterThan(TARS.length);
  });

  test('the hashed text of every published node is what Python writes', async () => {
    const nodes = [
      ...mutateNodes(CASES, SEED).map(({ text: node }) => node),
      ...fc.sample(oddNode, { numRuns: CASES, seed: SEED }).map((node) => JSON.stringify(node)),
    ].filter((node) => judge(node).fault === undefined);
    expect(nodes.length).toBeGreaterThan(CASES / 5);
    const answers = await askPython(nodes.map((node) => ({ kind: 'json', bytes: Buffer.from(node) })));
    const different = nodes.filter((node, at) => answers[at]?.answer !== dagHashText(node));
    expect(different).toEqual([]);
  });

  test('text accepted as signed is signed according to gpg, and the same', async () => {
    const gnupg = await openGnupg();
    try {
      const signer = await gnupg.newKey('ed25519', 'fuzz');
      const armored = await gnupg.run(['--armor', '--export'], '');
      const good = await Promise.all(
        ['{"a":1}', '{\n"version":3\n}'].map((manifest) =>
          gnupg.run([...signer, '--clearsign', '--digest-algo', 'SHA512'], manifest),
        ),
      );
      let accepted = 0;
      const check = async (manifest: string): Promise<void> => {
        const verified = await verifyManifest(manifest, [armored], 'manifest').catch(() => undefined);
        if (!verified) return;
        accepted += 1;
        await gnupg.verify(manifest);
        expect(await gnupg.run(['--decrypt'], manifest)).toBe(`${verified.text}\n`);
      };
      for (const manifest of good) await check(manifest);
      expect(accepted).toBe(2);
      await holds(mutated(good), check);
    } finally {
      await gnupg.close();
    }
  });

  test('the glibc that a file needs does not depend on how it is cut', async () => {
    const elf = Buffer.from(
      '\x7fELF\0\0GLIBC_2.4\0xGLIBC_2.99\0\0GLIBC_2.34\0GLIBC_2.9\0libc.so.6\0GLIBC_PRIVATE\0',
      'latin1',
    );
    const scanIn = (bytes: Buffer, sizes: readonly number[]): string | undefined => {
      const scan = new GlibcScan();
      const read = scan.startFile();
      let at = 0;
      for (const size of sizes) {
        read(bytes.subarray(at, at + size));
        at += size;
      }
      read(bytes.subarray(at));
      return scan.newest;
    };
    expect(scanIn(elf, [])).toBe('2.34');
    await holds(fc.tuple(mutatedBytes([elf]), fc.array(fc.nat(40), { maxLength: 6 })), ([bytes, sizes]) => {
      expect(scanIn(bytes, sizes)).toBe(scanIn(bytes, []));
    });
  });

  test('real tarballs are read as Python reads them', async () => {
    const tars = glob
      .sync('cache-unsigned/blobs/*/*/*', { cwd: FIXTURES })
      .map((path) => readFileSync(join(FIXTURES, path)))
      .filter((bytes) => bytes[0] === 0x1f)
      .map((bytes) => gunzipSync(bytes))
      .filter((bytes) => bytes.length < 2 ** 20 && bytes[0] !== 0x7b);
    expect(tars.length).toBeGreaterThan(3);
    const [own, answers] = await Promise.all([
      Promise.all(tars.map(listTar)),
      askPython(tars.map((bytes) => ({ kind: 'tar', bytes }))),
    ]);
    expect(own).toEqual(answers.map(({ answer }) => answer));
  });
});
