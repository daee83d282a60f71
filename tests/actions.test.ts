import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { listFiles } from './world/files.ts';
import { writeFiles } from './world/git.ts';
import { startHttpsProxy } from './world/https-proxy.ts';
import { createPagesService, OWN_DOMAIN, PAGES_HOSTS } from './world/pages-service.ts';
import { basicVariables, runProgram } from './world/run.ts';
import { startServer } from './world/start-server.ts';
import { isTemplate } from './world/template.ts';
import { startArtifactService, type ArtifactService } from './world/artifact-service.ts';
import { runAction } from './actions/run-action.ts';
import { pinnedActions } from './rehearse/stand-ins.ts';

const ACTIONS = resolve(import.meta.dirname, 'actions');
const WORKFLOWS = resolve(import.meta.dirname, '../.github');
let folder: string;
let service: ArtifactService;
let attempt = '1';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'actions-'));
  service = await startArtifactService(join(folder, 'store'));
  attempt = '1';
});

afterEach(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

test.runIf(isTemplate)(
  'every stand-in is for exactly the commit that workflows use, and each is used',
  () => {
    const pinned = pinnedActions(WORKFLOWS).map(({ uses }) => uses);
    const imitated = readdirSync(ACTIONS, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => {
        const text = readFileSync(join(ACTIONS, name, 'action.yml'), 'utf8');
        const [, uses = ''] = /^# Stands in for (\S+@[0-9a-f]{40}) \(v[\d.]+\)/.exec(text) ?? [];
        expect(uses, `${name}: the first line of action.yml`).toContain(`/${name}@`);
        return [uses];
      });
    // If an action was updated, read the changes in its source, adapt the stand-in, then correct its first
    // line.
    expect(imitated.sort()).toEqual(pinned.sort());
  },
);

test.runIf(isTemplate)("an organization that allows only GitHub's own actions can run all workflows", () => {
  const strange = pinnedActions(WORKFLOWS).filter(({ uses }) => !/^(actions|github)\//.test(uses));
  expect(strange).toEqual([]);
});

test.each([
  [1, false, ['f']],
  [2, false, ['s-0/f', 's-1/f']],
  [0, false, undefined],
  [1, true, ['f']],
  [2, true, ['f']],
])('download-artifact: %d match a pattern, merge-multiple %s', async (count, merge, files) => {
  for (let index = 0; index < count; index += 1) await uploadFiles(`s-${index}`, { f: 'x' });
  const { code } = await act('download-artifact', {
    PATTERN: 's-*',
    FOLDER: join(folder, 'got'),
    MERGE: String(merge),
  });
  expect(code).toBe(0);
  expect(existsSync(join(folder, 'got')) ? await listFiles(join(folder, 'got')) : undefined).toEqual(files);
});

test('download-artifact reports a missing name', async () => {
  const { code, output } = await act('download-artifact', { NAME: 'plans-1', FOLDER: folder });
  expect([code, output]).toEqual([1, expect.stringContaining('Artifact not found for name: plans-1')]);
});

test('upload-artifact follows links, leaves hidden files and empty folders out, and drops modes', async () => {
  const from = join(folder, 'from');
  mkdirSync(join(from, 'empty/emptier'), { recursive: true });
  mkdirSync(join(from, '.hidden'));
  for (const name of ['plain', '.dot', '.hidden/x']) writeFileSync(join(from, name), 'text', { mode: 0o755 });
  symlinkSync('plain', join(from, 'link'));
  symlinkSync('nowhere', join(from, 'broken'));
  expect((await act('upload-artifact', { NAME: 'a', FOLDER: from })).code).toBe(0);
  await act('download-artifact', { NAME: 'a', FOLDER: join(folder, 'got') });
  expect(await listFiles(join(folder, 'got'))).toEqual(['link', 'plain']);
});

test('upload-artifact accepts a name once per attempt, refuses characters, and reports missing files', async () => {
  await uploadFiles('a', { f: 'x' });
  expect((await uploadFiles('a', { f: 'x' })).output).toMatch(
    /\(409\) Conflict: an artifact with this name already exists/,
  );
  attempt = '2';
  expect((await uploadFiles('a', { f: 'x' })).code).toBe(0);
  expect((await uploadFiles('b/c', { f: 'x' })).output).toMatch(/artifact name is not valid: b\/c/);
  expect((await uploadFiles('d', { 'f:g': 'x' })).output).toMatch(
    /path for one of the files in artifact is not valid: \/f:g/,
  );
  const nothing = { NAME: 'e', FOLDER: join(folder, 'none') };
  expect(await act('upload-artifact', nothing)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/::warning::No files were found/),
  });
  expect(await act('upload-artifact', { ...nothing, IF_NO_FILES: 'error' })).toMatchObject({ code: 1 });
});

test.each<[string, Record<string, string>, number, RegExp, string[]]>([
  ['a folder with one file', { 'only/f': 'x' }, 0, /successfully/, ['f']],
  ['one file', { only: 'x' }, 0, /successfully/, ['only']],
  ['only hidden files', { 'only/.f': 'x', 'only/.g/h': 'x' }, 0, /::warning::No files were found/, []],
  ['names that differ in case', { 'only/a': 'x', 'only/A': 'y' }, 0, /successfully/, ['A', 'a']],
  ['a backslash', { 'only/a\\b': 'x' }, 0, /successfully/, ['a/b']],
  ['a line break', { 'only/a\nb': 'x' }, 1, /path for one of the files in artifact is not valid: \/a/, []],
  ['other letters', { 'only/ä €': 'x' }, 0, /successfully/, ['ä €']],
])('upload-artifact of %s', async (_, files, wanted, said, found) => {
  const from = join(folder, 'from');
  writeFiles(from, files);
  const { code, output } = await act('upload-artifact', { NAME: 'a', FOLDER: join(from, 'only') });
  expect([code, output]).toEqual([wanted, expect.stringMatching(said)]);
  const got = join(folder, 'got');
  const download = await act('download-artifact', { NAME: 'a', FOLDER: got });
  expect(download.code).toBe(found.length === 0 ? 1 : 0);
  expect(found.length === 0 ? [] : await listFiles(got)).toEqual(found);
});

test.each<[string, number, number | undefined]>([
  ['', 0, undefined],
  ['0', 0, undefined],
  ['1', 0, 1],
  ['90', 0, 90],
])('upload-artifact keeps an artifact for "%s" days', async (days, code, kept) => {
  writeFiles(folder, { 'from/f': 'x' });
  const uploaded = await act('upload-artifact', { NAME: 'a', FOLDER: join(folder, 'from'), DAYS: days });
  expect(uploaded.code, uploaded.output).toBe(code);
  expect(service.artifacts.map((artifact) => artifact.days)).toEqual([kept]);
});

test('download-artifact refuses bytes that are not those of the upload, and takes the newest of a name', async () => {
  await uploadFiles('a', { f: 'old' });
  attempt = '2';
  await uploadFiles('a', { f: 'new' });
  const got = join(folder, 'got');
  expect((await act('download-artifact', { NAME: 'a', FOLDER: got })).code).toBe(0);
  expect(readFileSync(join(got, 'f'), 'utf8')).toBe('new');
  for (const artifact of service.artifacts) artifact.digest = `sha256:${'0'.repeat(64)}`;
  const { code, output } = await act('download-artifact', { NAME: 'a', FOLDER: join(folder, 'again') });
  expect([code, output]).toEqual([
    1,
    expect.stringMatching(/Digest validation failed for artifact\(s\): a\./),
  ]);
});

test('upload-artifact outputs the id of an upload, and none without files', async () => {
  const output = join(folder, 'output');
  writeFileSync(output, '');
  await act('upload-artifact', { NAME: 'a', FOLDER: join(folder, 'none'), GITHUB_OUTPUT: output });
  expect(readFileSync(output, 'utf8')).toBe('');
  writeFileSync(join(folder, 'one'), 'text');
  await act('upload-artifact', { NAME: 'a', FOLDER: join(folder, 'one'), GITHUB_OUTPUT: output });
  expect(readFileSync(output, 'utf8')).toMatch(/^artifact-id(=|<<.+\n)\d+\n/);
});

test('deploy-pages: a deployment is served at the address of Pages, only in its own folder; a custom domain replaces it', async () => {
  const site = { repository: 'Some-Owner/Cache', hasDomain: false };
  const pages = createPagesService({ folder, artifacts: service, site: () => site });
  const servers = [
    createServer(pages.answerSite),
    createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      void text(request).then((body) => pages.answerRest(request.method ?? '', url, body, response));
    }),
  ];
  const [host = '', api = ''] = await Promise.all(servers.map(startServer));
  const hosts = { [PAGES_HOSTS]: new URL(host).host, [OWN_DOMAIN]: new URL(host).host };
  const proxy = await startHttpsProxy(hosts, folder);
  onTestFinished(async () => {
    await proxy.close();
    for (const server of servers) server.close();
  });
  /** Requests a URL as a program in a job would: by host name, over TLS. */
  const ask = async (url: string): Promise<string> => {
    const code =
      'const { status, headers } = await fetch(process.argv[1], { redirect: "manual" });' +
      'console.log(status, headers.get("location") ?? headers.get("content-type"));';
    const args = ['--input-type=module', '--eval', code, url];
    return (await runProgram(process.execPath, args, { ...basicVariables(), ...proxy.environment })).output;
  };

  const page = 'https://some-owner.github.io/Cache/api/index.json';
  expect(await ask(page)).toBe('404 text/html; charset=utf-8\n');
  writeFileSync(join(folder, 'index.json'), '{}');
  execFileSync('tar', ['-cf', 'artifact.tar', '--transform=s,^,api/,', 'index.json'], { cwd: folder });
  writeFileSync(join(folder, 'output'), '');
  await act('upload-artifact', { NAME: 'pages', FOLDER: join(folder, 'artifact.tar') });
  const { code, output } = await act('deploy-pages', {
    ...{ NAME: 'pages', GITHUB_API_URL: api, GITHUB_REPOSITORY: site.repository, GITHUB_TOKEN: 'secret' },
    ...{ GITHUB_SHA: 'a'.repeat(40), GITHUB_OUTPUT: join(folder, 'output') },
  });
  expect(code, output).toBe(0);
  expect(await ask(page)).toBe('200 application/json; charset=utf-8\n');
  for (const address of ['https://another.github.io/Cache', 'https://some-owner.github.io'])
    expect(await ask(`${address}/api/index.json`)).toMatch(/^404 /);

  site.hasDomain = true;
  expect(pages.url).toBe(`https://${OWN_DOMAIN}`);
  expect(await ask(page)).toBe(`301 ${pages.url}/api/index.json\n`);
  expect(await ask(`${pages.url}/api/index.json`)).toBe('200 application/json; charset=utf-8\n');
});

test('configure-pages and deploy-pages say what keeps a site from being deployed', async () => {
  const pages = createPagesService({
    ...{ folder, artifacts: service, site: () => ({ repository: 'owner/repo' }) },
  });
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    void text(request).then((body) => pages.answerRest(request.method ?? '', url, body, response));
  });
  const api = { GITHUB_API_URL: await startServer(server), GITHUB_TOKEN: 'secret' };
  onTestFinished(() => void server.close());
  const [output, env] = ['output', 'env'].map((name) => join(folder, name));
  const run = async (name: string, sha: string) => {
    for (const file of [output, env]) writeFileSync(file ?? '', '');
    const files = { GITHUB_OUTPUT: output ?? '', GITHUB_ENV: env ?? '' };
    return act(name, { ...api, ...files, NAME: 'pages', GITHUB_SHA: sha.repeat(40) });
  };
  expect((await run('configure-pages', 'a')).code).toBe(0);
  expect(readFileSync(output ?? '', 'utf8')).toMatch(/base_url(=|<<.+\n)https:\/\/owner\.github\.io\/repo\n/);
  expect((await run('deploy-pages', 'a')).output).toMatch(/No artifacts named "pages" were found/);
  await uploadFiles('pages', { 'artifact.tar': 'x' });
  pages.deployments.push({ id: 'b'.repeat(40), status: 'deployment_in_progress', isServed: false });
  expect(await run('deploy-pages', 'a')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/\(status: 400\) .* due to in progress deployment\. Please cancel b{40}/),
  });
  attempt = '2';
  await uploadFiles('pages', { 'artifact.tar': 'x' });
  expect((await run('deploy-pages', 'a')).output).toMatch(
    /Multiple artifacts named "pages" were unexpectedly found for this workflow run\. Artifact count is 2/,
  );
  pages.isOn = false;
  expect(await run('configure-pages', 'a')).toMatchObject({
    code: 1,
    output: expect.stringMatching(
      /::error.*Get Pages site failed\. Please verify that the repository has Pages/,
    ),
  });
});

function act(name: string, env: Record<string, string>) {
  return runAction(name, { service, attempt, folder }, env);
}

function uploadFiles(name: string, files: Record<string, string>) {
  const from = mkdtempSync(join(folder, 'from-'));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(from, path), text);
  return act('upload-artifact', { NAME: name, FOLDER: from });
}
