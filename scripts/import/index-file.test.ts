import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readIndexFile } from './index-file.ts';

const HASHES = ['a', 'b', 'c'].map((letter) => letter.repeat(32));

/** The bytes of a text in pieces of any size. */
async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test('reads the same builds wherever an index is cut, whatever its texts have', async () => {
  const texts = fc.string({ unit: fc.constantFrom('a', '"', '\\', '{', '}', '[', ']', ':', 'é', '\n') });
  await fc.assert(
    fc.asyncProperty(
      fc.array(texts, { minLength: 3, maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      fc.constantFrom(0, 1),
      async ([first, ...others], sizes, indent) => {
        const arch = { platform: 'linux', platform_os: 'debian12', target: 'x86_64' };
        const installs = Object.fromEntries(
          HASHES.map((hash, at) => [
            hash,
            {
              spec: { name: 'tree', version: `v${others[at] ?? first}`, arch, [first ?? '']: others },
              in_buildcache: true,
            },
          ]),
        );
        const index = { database: { [`x${first}`]: others, version: '8', installs } };
        const text = JSON.stringify(index, null, indent);
        const builds = await readIndexFile(pieces(Buffer.from(text), sizes), 'an index');
        expect(builds.map(({ hash, version }) => [hash, version])).toEqual(
          HASHES.map((hash) => [hash, installs[hash]?.spec.version]),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('refuses names of records that are no hashes, and cycles, and says in which file', async () => {
  const arch = { platform: 'linux', platform_os: 'debian12', target: 'x86_64' };
  const read = (installs: object): Promise<unknown> =>
    readIndexFile(pieces(Buffer.from(JSON.stringify({ database: { installs } })), [1_000]), 'an index');
  const record = (...needs: string[]) => ({
    spec: {
      ...{ name: 'tree', version: '1', arch },
      dependencies: needs.map((hash) => ({ hash, type: ['link'] })),
    },
    in_buildcache: true,
  });
  await expect(read({ '\u202e/x': record() })).rejects.toThrow(
    'an index: expected DAG hashes as the names of records, found "\\u202e/x"',
  );
  const [a = '', b = ''] = HASHES;
  await expect(read({ [a]: record(b), [b]: record(a) })).rejects.toThrow(
    /^an index: the dependencies of a{32} form a cycle; update the index/,
  );
});
