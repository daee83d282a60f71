import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServer } from '../../tests/world/start-server.ts';
import { installOras, ORAS_SHA256, ORAS_VERSION, orasArchive, readOrasVersion } from './install-oras.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

const PROJECT = path.resolve(import.meta.dirname, '../..');
const HERE = `${process.platform}-${process.arch}`;

let folder = '';
const servers: ReturnType<typeof createServer>[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'install-oras-'));
});

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

test('installs the program of an archive that has the expected sum, after a failure and over a redirect', async () => {
  const archive = makeArchive(ORAS_VERSION);
  const seen: string[] = [];
  const releases = await serve((request, response) => {
    seen.push(request.url ?? '');
    if (seen.length === 1) response.writeHead(503).end();
    else if (request.url === '/elsewhere') response.end(archive);
    else response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const to = path.join(folder, 'new/bin');
  const program = await installOras(to, { releases, sums: { [HERE]: sumOf(archive) } });
  expect([program, readOrasVersion(program)]).toEqual([path.join(to, 'oras'), ORAS_VERSION]);
  const file = `/v${ORAS_VERSION}/${orasArchive(process.platform, process.arch)}`;
  expect(seen).toEqual([file, file, '/elsewhere']);
});

test.each([
  [
    'another sum',
    (archive: Buffer) => Buffer.concat([archive, Buffer.from('x')]),
    /expected sha256 \w+, found \w+/,
  ],
  [
    'an error page',
    () => Buffer.from('<html>'),
    /expected sha256 \w+, found \w+ in 6 bytes; nothing was installed/,
  ],
])('installs nothing of an archive with %s', async (_, change, message) => {
  const archive = makeArchive(ORAS_VERSION);
  const releases = await serve((_request, response) => void response.end(change(archive)));
  const to = path.join(folder, 'bin');
  await expect(installOras(to, { releases, sums: { [HERE]: sumOf(archive) } })).rejects.toThrow(message);
  expect(existsSync(to)).toBe(false);
});

test('refuses a program of another version, a missing release and a platform without one', async () => {
  const archive = makeArchive('9.9.9');
  const releases = await serve((_request, response) => void response.end(archive));
  const sums = { [HERE]: sumOf(archive) };
  await expect(installOras(folder, { releases, sums })).rejects.toThrow(
    `expected ORAS ${ORAS_VERSION}, found 9.9.9`,
  );
  const missing = await serve((_request, response) => void response.writeHead(404).end());
  await expect(installOras(folder, { releases: missing, sums })).rejects.toThrow('found status 404');
  await expect(installOras(folder, { platform: 'win32', arch: 'x64' })).rejects.toThrow(
    'ORAS for win32-x64: expected one of linux-x64, linux-arm64, darwin-x64, darwin-arm64',
  );
});

test('knows one sum for each platform of the runners', () => {
  const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
  expect(Object.keys(ORAS_SHA256)).toEqual(platforms);
  expect(new Set(Object.values(ORAS_SHA256).filter((sum) => /^[0-9a-f]{64}$/.test(sum))).size).toBe(4);
});

test('the version is in one place: no workflow or test names another', () => {
  const files = globSync(['.github/**/*.yml', 'tests/tools/*.ts', 'tests/world/*.ts', 'scripts/**/*.ts'], {
    cwd: PROJECT,
  }).filter((file) => !file.endsWith('.test.ts') && !file.endsWith('oci/install-oras.ts'));
  expect(files.length).toBeGreaterThan(20);
  const others = files.filter((file) =>
    /cmd\/oras@(?:v\d|latest)|\boras\b.{0,40}\b\d+\.\d+\.\d+\b/i.test(
      readFileSync(path.join(PROJECT, file), 'utf8'),
    ),
  );
  expect(others).toEqual([]);
});

test('the tests run that version', () => {
  const program = path.join(PROJECT, '.work/tools/bin/oras');
  expect(readOrasVersion(existsSync(program) ? program : 'oras')).toBe(ORAS_VERSION);
});

/** A release archive with a program that prints a version. */
function makeArchive(version: string): Buffer {
  const source = path.join(folder, `source-${version}`);
  mkdirSync(source);
  writeFileSync(path.join(source, 'oras'), `#!/bin/sh\necho "Version:    ${version}"\n`);
  writeFileSync(path.join(source, 'LICENSE'), 'Apache');
  chmodSync(path.join(source, 'oras'), 0o755);
  return execFileSync('tar', ['-cz', '-C', source, 'LICENSE', 'oras']);
}

function sumOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  return startServer(server);
}
