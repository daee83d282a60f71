import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { uploadArtifact, uploadBytes } from '../../tests/actions/artifact-client.ts';
import { startArtifactService, type ArtifactService } from '../../tests/world/artifact-service.ts';
import { startServer } from '../../tests/world/start-server.ts';
import { BadArchiveError } from '../github/errors.ts';
import { openArtifactFolder, openRunArtifacts } from './build-artifact.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

let folder: string;
let service: ArtifactService;
let api: Server;
let requests: number;
let environment: Record<string, string>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'artifacts-'));
  service = await startArtifactService(join(folder, 'store'));
  requests = 0;
  api = createServer((request, response) => {
    requests += 1;
    const isAllowed = request.headers.authorization === 'Bearer a token';
    const url = new URL(request.url ?? '/', 'http://api');
    if (!isAllowed || !service.answerRest(request.method ?? '', url, response))
      response.writeHead(403).end('{"message":"Resource not accessible by integration"}');
  });
  environment = {
    GITHUB_API_URL: await startServer(api),
    GITHUB_REPOSITORY: 'owner/repo',
    GITHUB_TOKEN: 'a token',
    GITHUB_RUN_ID: '7',
    GITHUB_RUN_ATTEMPT: '2',
  };
});

afterEach(async () => {
  await service.close();
  await new Promise((done) => api.close(done));
  rmSync(folder, { recursive: true, force: true });
});

test.each([1, 2, 130])('downloads %d artifacts one at a time, with only one on the disk', async (count) => {
  for (let index = 0; index < count; index += 1) await upload(`build-${index}-1`, { record: `${index}` });
  const artifacts = await open();
  const seen: string[] = [];
  let last = '';
  for (let index = 0; index < count; index += 1) {
    await artifacts.use(index, (found) => {
      expect(last === '' || !existsSync(last), 'the one before is gone').toBe(true);
      expect(readdirSync(join(found ?? '', '..'))).toEqual(['artifact']);
      seen.push(readFileSync(join(found ?? '', 'record'), 'utf8'));
      last = found ?? '';
      return Promise.resolve();
    });
  }
  expect(seen).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  expect(existsSync(last)).toBe(false);
  expect(requests).toBe(count + Math.floor(count / 100) + 1);
});

test('uses the latest attempt, and only names that match the job exactly', async () => {
  await upload('build-1-1', { record: 'first' });
  await upload('build-1-2', { record: 'second' }, '2');
  for (const name of ['build-1-3', 'build-01-2', 'build-1-02', 'build-1-0002', 'build-001-2', 'xbuild-1-2'])
    await upload(name, { record: 'planted' }, '2');
  await upload('build-11-1', { record: 'eleven' });
  // A later attempt can reuse a name of an earlier one.
  await upload('build-11-1', { record: 'planted' }, '2');
  expect([await read(1), await read(11), await read(0)]).toEqual(['second', 'eleven', undefined]);
  const local = join(folder, 'local');
  for (const name of ['build-1-1', 'build-1-2', 'build-1-3', 'build-001-2'])
    mkdirSync(join(local, name), { recursive: true });
  expect(await openArtifactFolder(local, 2).use(1, async (found) => found)).toBe(join(local, 'build-1-2'));
  expect(await openArtifactFolder(join(folder, 'none')).use(1, async (found) => found)).toBeUndefined();
});

test('retries when the storage is busy or breaks off, and gives up with a sentence', async () => {
  await upload('build-0-1', { record: 'x'.repeat(100_000) });
  service.fail(503, 'cut');
  expect(await read(0)).toHaveLength(100_000);
  service.fail(503, 503, 503, 503, 503);
  await expect(read(0)).rejects.toThrow(/artifact build-0-1: 127\.0\.0\.1:\d+ answered 503/);
  service.fail(404);
  await expect(read(0)).rejects.toThrow(/answered 404/);
});

test('refuses bytes that are not the listed ones', async () => {
  await upload('build-0-1', { record: 'x' });
  for (const artifact of service.artifacts) artifact.digest = `sha256:${'0'.repeat(64)}`;
  await expect(read(0)).rejects.toThrow(/expected sha256:0000.*, as GitHub lists it, downloaded sha256:/);
});

test('says which permission the job lacks, and ignores expired artifacts', async () => {
  await upload('build-0-1', { record: 'x' });
  const artifacts = await open();
  for (const artifact of service.artifacts) artifact.isExpired = true;
  await expect(artifacts.use(0, async (found) => found)).rejects.toThrow(
    /410; it has expired, run the workflow again/,
  );
  expect(await read(0)).toBeUndefined();
  environment['GITHUB_TOKEN'] = 'another';
  await expect(open()).rejects.toThrow(/403/);
});

test('expects an artifact in each list, and finds one that is listed late', async () => {
  await expect(open()).rejects.toThrow(
    'GitHub lists no artifact of run 7, expected its plans; run this job again later',
  );
  await upload('plans-1', { record: 'x' });
  const artifacts = await open();
  await upload('build-0-1', { record: 'late' });
  expect(await artifacts.use(0, async (found) => found !== undefined)).toBe(true);
  expect(await artifacts.use(1, async (found) => found)).toBeUndefined();
});

const LINK = 0o120777;

test.each([
  ['what is no zip', Buffer.from('<html>'), /expected a zip archive of plain files/],
  ['a link', zip({ a: '/etc/passwd' }, LINK), /"a": expected a plain file, found a link/],
  [
    'a path out of the folder',
    replaced(zip({ 'aa/aa/evil': 'x' }), 'aa/aa', '../..'),
    /expected a zip archive.*invalid relative path/,
  ],
  [
    'an absolute path',
    replaced(zip({ 'aa/evil': 'x' }), 'aa/evil', '/tmp/ev'),
    /expected a zip archive.*absolute path/,
  ],
  ['a backslash', replaced(zip({ 'aa/evil': 'x' }), 'aa/evil', 'aa\\evil'), /invalid characters/],
  [
    'a path twice',
    replaced(zip({ 'aa/one': 'x', 'aa/two': 'y' }), 'aa/two', 'aa/one'),
    /"aa\/one": expected each path once/,
  ],
  [
    'a file below a file',
    replaced(zip({ aaaa: 'x', 'bbbb/c': 'y' }), 'bbbb/c', 'aaaa/c'),
    /"aaaa\/c": expected each path once/,
  ],
  [
    'a part of a zip',
    zip({ a: 'x'.repeat(1_000) }).then((bytes) => bytes.subarray(0, 60)),
    /expected a zip archive/,
  ],
  ['more than it says', zip({ a: 'x'.repeat(1_000) }).then(shrinkSizes), /expected a zip archive/],
])("refuses %s as the job's own fault", async (_, content, reason) => {
  await uploadBytes(run('1'), 'build-0-1', await content, 'application/zip');
  const refused = read(0);
  await expect(refused).rejects.toThrow(reason);
  await expect(refused).rejects.toBeInstanceOf(BadArchiveError);
  expect(existsSync('/tmp/ev')).toBe(false);
});

function open() {
  return openRunArtifacts(environment);
}

async function read(index: number): Promise<string | undefined> {
  const artifacts = await open();
  return artifacts.use(index, async (found) => found && readFileSync(join(found, 'record'), 'utf8'));
}

function run(attempt: string) {
  return { url: service.url, token: service.token('7', attempt) };
}

function upload(name: string, files: Record<string, string>, attempt = '1'): Promise<number> {
  const contents = Object.entries(files).map(([path, text]) => [path, Buffer.from(text)] as const);
  return uploadArtifact(run(attempt), name, new Map(contents));
}

async function zip(files: Record<string, string>, mode = 0o100644): Promise<Buffer> {
  const archive = new ZipFile();
  for (const [path, text] of Object.entries(files)) archive.addBuffer(Buffer.from(text), path, { mode });
  archive.end();
  return buffer(archive.outputStream.pipe(new PassThrough()));
}

/** Replaces a name by another of the same length, so that no offset changes. */
async function replaced(archive: Promise<Buffer>, from: string, to: string): Promise<Buffer> {
  return Buffer.from((await archive).toString('latin1').replaceAll(from, to.padEnd(from.length)), 'latin1');
}

/** Sets the unpacked size of a file in the central directory to 10 bytes. Source: APPNOTE.TXT 4.3.12. */
function shrinkSizes(archive: Buffer): Buffer {
  const start = archive.indexOf(Buffer.from('PK\x01\x02'));
  archive.writeUInt32LE(10, start + 24);
  return archive;
}
