import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort, occupy } from '../world/free-port.ts';
import { PROJECT } from '../world/run.ts';
import { copyProject } from '../world/template.ts';
import { readState } from './folder-state.ts';

/**
 * Times in milliseconds at which to interrupt a start: in its first steps, while publishing, rendering,
 * mirroring.
 */
const INTERRUPT_AFTER_MS = process.env['FULL'] ? [400, 1200, 2500, 4000, 6000, 9000] : [400, 1500, 4000];

let clone: string;
/** Port of the sample. Pages contain it, so that another port would need another site. */
let port: number;

beforeAll(async () => {
  // A clone, with packages as if they were already installed.
  clone = await mkdtemp(join(tmpdir(), 'start-'));
  copyProject(clone);
  await symlink(join(PROJECT, 'node_modules'), join(clone, 'node_modules'));
  port = await findFreePort();
});

afterAll(() => rm(clone, { recursive: true, force: true }));

test('an interrupted start leaves no child process', async () => {
  for (const delay of INTERRUPT_AFTER_MS) {
    const run = start(['--port', String(port)]);
    await new Promise((resolve) => setTimeout(resolve, delay));
    run.child.kill('SIGINT');
    expect(await run.ended, run.output()).toBe(130);
    expect(await findProcesses(clone)).toEqual([]);
  }
});

test('the next start serves site, API and mirror and prints the next steps; Ctrl-C ends it', async () => {
  const run = start(['--port', String(port)]);
  await run.said('Serving until Ctrl-C.');
  const left = await readdir(join(clone, '.work/sample'));
  expect(left.filter((name) => /\.(new|old)$/.test(name))).toEqual([]);
  const url = `http://localhost:${port}/spack-build-cache`;
  expect(run.output()).toContain(`spack mirror add --type binary spack-build-cache ${url}`);
  const served = [
    '/',
    '/api/index.json',
    '/v3/manifests/index/index.manifest.json',
    '/v3/manifests/key/keys.manifest.json',
  ];
  for (const path of served) expect((await fetch(url + path)).status, path).toBe(200);
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  run.child.kill('SIGINT');
  await run.ended;
  await expect(fetch(url)).rejects.toThrow();
});

test('a second start reuses existing results', async () => {
  const before = await readState(join(clone, '.work/sample'));
  const run = start(['--no-serve']);
  expect(await run.ended, run.output()).toBe(0);
  expect(run.output()).toContain('The site is up to date.');
  expect(await readState(join(clone, '.work/sample'))).toEqual(before);
});

test('another cache gets a separate folder; the next port is used if one is busy, and pages contain it', async () => {
  const taken = await findFreePort();
  const busy = await occupy(taken);
  const run = start(['--port', String(taken), '--cache', 'tests/fixtures/cache-signed']);
  await run.said('Serving until Ctrl-C.');
  expect(run.output()).toContain('4 builds checked');
  const folders = (await readdir(join(clone, '.work'))).filter((name) => name.startsWith('cache-signed-'));
  expect(folders).toHaveLength(1);
  const [url] = /http:\/\/localhost:\d+\/spack-build-cache/.exec(run.output()) ?? [''];
  expect(url).not.toContain(`:${taken}/`);
  expect(await (await fetch(`${url}/`)).text()).toContain(url);
  run.child.kill('SIGINT');
  await run.ended;
  busy.close();
});

test('a missing cache is named', async () => {
  const missing = start(['--no-serve', '--cache', 'no-such-cache']);
  expect(await missing.ended).toBe(1);
  expect(missing.output()).toMatch(/no-such-cache/);
});

interface Run {
  child: ChildProcess;
  ended: Promise<number>;
  output(): string;
  /** Waits for a text in the output. */
  said(text: string): Promise<void>;
}

function start(args: string[]): Run {
  const node = join(clone, 'node_modules/.bin/node');
  const child = spawn(node, ['scripts/start.ts', ...args], { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = new Promise<number>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1))),
  );
  async function said(text: string): Promise<void> {
    let over = false;
    void ended.then(() => (over = true));
    while (!output.includes(text)) {
      if (over) throw new Error(`the start ended without "${text}":\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return { child, ended, output: () => output, said };
}

/** Lists processes that work in a folder, on Linux; none elsewhere. */
async function findProcesses(folder: string): Promise<string[]> {
  const ids = await readdir('/proc').catch(() => []);
  const folders = await Promise.all(ids.map((id) => readlink(`/proc/${id}/cwd`).catch(() => '')));
  return ids.filter((_, position) => folders[position] === folder);
}
