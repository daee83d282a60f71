import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { unpackSpecFile } from '../../scripts/build-cache/build-cache.ts';
import { parseMirrorManifest } from '../../scripts/build-cache/mirror-manifest.ts';
import { parsePlainYaml } from '../../scripts/build-cache/plain-yaml.ts';
import { parseSpecFile } from '../../scripts/build-cache/spec-file.ts';
import { fetchArchive } from '../../scripts/import/archive.ts';
import { readIndexFile } from '../../scripts/import/index-file.ts';
import { inspectTarball } from '../../scripts/build-cache/tar/tarball.ts';
import { readPayload } from '../../scripts/challenge/compare.ts';
import { blobOfFile, digestOf } from '../../scripts/cli/digest.ts';
import { parseSettingsFile } from '../../scripts/cli/owner-settings.ts';
import { withTemporaryFolder } from '../../scripts/cli/files.ts';
import { fetchCache } from '../../scripts/coverage/fetch-cache.ts';
import { parseImageManifest } from '../../scripts/oci/manifest.ts';
import { openRegistry } from '../../scripts/oci/open-registry.ts';
import { readRecord } from '../../scripts/receive/build-artifact.ts';
import { MAX_RECORD_BYTES } from '../../site/schemas/build-record.ts';
import { parseSnapshot } from '../../site/lib/catalog/kept-builds.ts';
import { SIBLING_LIMIT_BYTES, SiblingTable } from '../../site/lib/federation/siblings.ts';
import { startServer } from '../world/start-server.ts';
import { makeEntry } from '../world/tar-maker.ts';

/**
 * Sets off one bomb in this process: `node explode.ts NAME` prints the error and the memory that it took, in
 * MiB. Without an argument it prints all names.
 */
const MIB = 2 ** 20;
const NODE = '{"name":"a","version":"1","arch":{"platform":"linux","platform_os":"a","target":"b"},"more":';
const specFile = (more: string) =>
  `{"spec":{"_meta":{"version":5},"nodes":[${NODE}${more},"hash":"${'a'.repeat(32)}"}]}}`;

const BOMBS: Record<string, () => unknown> = {
  'a spec file of 256 MB of zeros': () => unpackSpecFile(gzipSync(Buffer.alloc(256 * MIB)), 'spec'),
  'a spec file 4 million levels deep': () =>
    parseSpecFile(specFile('['.repeat(4 * MIB) + ']'.repeat(4 * MIB))),
  'a spec file with a number of 8 million digits': () => parseSpecFile(specFile('9'.repeat(8 * MIB))),
  'a spec file with half a million keys': () =>
    parseSpecFile(specFile(`{${Array.from({ length: MIB / 2 }, (_, at) => `"k${at}":1`).join(',')}}`)),
  'a tarball of 4 GB of zeros': () => explodeTar(zeros(4_000)),
  'a tarball with half a million files': () => explodeTar(files(500_000, (at) => `p/${at}`)),
  'a tarball with 90,000 files, each in 40 folders of its own': () =>
    explodeTar(files(90_000, (at) => `p/${at}/${'d/'.repeat(40)}f`)),
  'a tarball with a bill of materials of 15 MiB of empty packages': () =>
    explodeTar([
      makeEntry({
        name: 'p/.spack/sbom/x.json',
        content: `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[${'{},'.repeat(5 * MIB)}0]}`,
      }),
    ]),
  'a mirror manifest with 300,000 empty records': () =>
    parseMirrorManifest(`{"version":3,"data":[${'{},'.repeat(300_000)}0]}`, 'manifest'),
  'an image manifest with a million empty layers': () =>
    parseImageManifest(`{"schemaVersion":2,"layers":[${'{},'.repeat(1_000_000)}0]}`, 'image'),
  'a spec file of version 4 with 3 million nodes': () =>
    parseSpecFile(`{"spec":{"_meta":{"version":4},"nodes":[${'0,'.repeat(2_900_000)}0]}}`),
  'challenge: a tarball of 4 GB of zeros': () => challengeTar(zeros(4_000)),
  'challenge: a tarball with half a million files': () =>
    challengeTar(files(500_000, (at) => `opt/prefix/share/some-folder/${at}`)),
  'an archive of layout v2 with 4 GB of zeros': () => explodeArchive(zeros(4_000)),
  'settings whose aliases unfold to a billion values': () => parseSettingsFile(aliases(), 'settings'),
  'a snapshot whose aliases unfold to a billion values': () => parseSnapshot(aliases(), 'snapshot'),
  'lists in a tarball’s YAML that are a million levels deep': () =>
    parsePlainYaml(Buffer.from('['.repeat(MIB))),
  'YAML in a tarball with a million values': () => parsePlainYaml(Buffer.from(`a: [${'b,'.repeat(MIB)}b]`)),
  'an API that never ends': () => withServer((address) => fetchCache(address)),
  'an API with 32 MiB of keys': () =>
    withAnswer(
      'specs.json',
      fill('{', (at) => `"${at}":0`, '}'),
      fetchCache,
    ),
  'an API with a million wrong texts in a column': () =>
    withAnswer(
      'specs.json',
      fill('{"columns":{"hash":[', (at) => `"${at}"`, ']}}', 1_450_000),
      fetchCache,
    ),
  'an API with a million failures that are none': () =>
    withAnswer(
      'failures.json',
      fill('{"failures":[', () => '{}', ']}', 900_000),
      fetchCache,
    ),
  'a job’s record with the times of 400,000 builds': () =>
    explodeRecord('{"failures":[],"times":{', (at) => `"${hashNumber(at)}":{}`, '}}'),
  'a job’s record with a million environments': () =>
    explodeRecord('{"failures":[],"environments":{', (at) => `"${at}":0`, '}}'),
  'a job’s record of 5 million empty failures': () => explodeRecord('{"failures":[', () => '{}', ']}'),
  'an index whose first name never ends': () => readIndexFile(endless('{"', 'a'.repeat(MIB)), 'an index'),
  'an index whose builds never end': () =>
    readIndexFile(
      endless(
        '{"database":{"installs":{',
        `"${'a'.repeat(32)}":{"spec":{"name":"a","version":"1","arch":{"platform":"a","platform_os":"a","target":"a"}}},`,
      ),
      'an index',
    ),
  'a registry whose manifest never ends': () =>
    withServer((address) => openRegistry(`${address}/repo`).readManifest('tag')),
  'a registry whose blob never ends': () =>
    withServer((address) =>
      openRegistry(`${address}/repo`).readBlob({ digest: `sha256:${'0'.repeat(64)}`, size: 1_000 }),
    ),
};

/** A text whose end is repeated for ever. */
async function* endless(beginning: string, rest: string): AsyncGenerator<Buffer> {
  yield Buffer.from(beginning);
  for (const repeated = Buffer.from(rest); ;) yield repeated;
}

/** Nine anchors, each a list of nine aliases of the previous one. */
function aliases(): string {
  const lines = Array.from(
    { length: 9 },
    (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(',')}]`,
  );
  return ['a0: &a0 x', ...lines, 'reason: x', 'hashes: *a9', 'targets: *a9'].join('\n');
}

function* zeros(mebibytes: number): Generator<Buffer> {
  const header = makeEntry({ name: 'p/zeros' });
  header.write('77777777777\0', 124);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  yield header;
  const block = Buffer.alloc(MIB);
  for (let at = 0; at < mebibytes; at += 1) yield block;
}

function* files(count: number, name: (at: number) => string): Generator<Buffer> {
  for (let at = 0; at < count; at += 1) yield makeEntry({ name: name(at) });
}

/** Creates the tarball while it is read; it claims the size of a small one. */
async function explodeTar(blocks: Iterable<Buffer>): Promise<unknown> {
  const source = Readable.from(blocks, { objectMode: false }).pipe(createGzip({ level: 1 }));
  const blob = { digest: digestOf(''), size: 10 * MIB };
  return inspectTarball(source, { where: 'tarball', blob, platform: 'linux' });
}

function explodeArchive(blocks: Iterable<Buffer>): Promise<unknown> {
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'archive');
    await pipeline(Readable.from(blocks), createGzip(), createWriteStream(file));
    const { digest } = await blobOfFile(file);
    const open = () => Promise.resolve(createReadStream(file));
    return fetchArchive({ open, where: 'archive', target: folder, hash: 'a'.repeat(32), expected: digest });
  });
}

function challengeTar(blocks: Iterable<Buffer>): Promise<unknown> {
  const open = () =>
    Promise.resolve(Readable.from(blocks, { objectMode: false }).pipe(createGzip({ level: 1 })));
  return readPayload({ where: 'tarball', size: 10 * MIB, open });
}

function explodeRecord(...parts: [start: string, part: (at: number) => string, end: string]): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'record-'));
  try {
    writeFileSync(join(folder, 'record.json'), fill(...parts, Infinity, MAX_RECORD_BYTES));
    return readRecord(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A DAG hash, different for each number. */
function hashNumber(at: number): string {
  return `${'a'.repeat(26)}${[...String(at).padStart(6, '0')].map((digit) => 'abcdefghij'[Number(digit)]).join('')}`;
}

/** Fills a response with parts up to the size limit. */
function fill(
  start: string,
  part: (at: number) => string,
  end: string,
  most = Infinity,
  limitBytes = SIBLING_LIMIT_BYTES,
): Buffer {
  const bytes = Buffer.alloc(limitBytes - 100);
  let length = bytes.write(start);
  for (let at = 0; at < most && length < bytes.length - 100; at += 1)
    length += bytes.write(at === 0 ? part(at) : `,${part(at)}`, length);
  length += bytes.write(end, length);
  return bytes.subarray(0, length);
}

/** An API whose documents are valid except for one. */
async function withAnswer(
  path: string,
  body: Buffer,
  work: (address: string) => Promise<unknown>,
): Promise<unknown> {
  const { words, columns } = SiblingTable.shape;
  const empty = (shape: object): object =>
    Object.fromEntries(Object.keys(shape).map((name) => [name, [] as unknown[]]));
  const table = { words: empty(words.shape), columns: empty(columns.shape) };
  const server = createServer(({ url = '' }, response) => {
    if (url.endsWith(path)) response.end(body);
    else response.end(JSON.stringify(url.endsWith('specs.json') ? table : { version: 1 }));
  });
  const address = await startServer(server);
  try {
    return await work(address);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function withServer(work: (address: string) => Promise<unknown>): Promise<unknown> {
  const chunk = Buffer.alloc(MIB, ' ');
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const write = (): void => {
      while (!response.destroyed && response.write(chunk)) continue;
    };
    response.on('drain', write);
    if (request.url?.endsWith('index.json')) response.end('{"version":1}');
    else write();
  });
  const address = await startServer(server);
  try {
    return await work(address);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const bomb = BOMBS[process.argv[2] ?? ''];
if (bomb === undefined) console.log(JSON.stringify(Object.keys(BOMBS)));
else {
  let refused: string | undefined;
  try {
    await bomb();
  } catch (error) {
    refused = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  console.log(JSON.stringify({ refused, mebibytes: Math.round(process.resourceUsage().maxRSS / 1024) }));
}
