import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fastGlob from 'fast-glob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findS3Server, S3_ADVICE, startS3Server, type S3Server } from '../../tests/world/s3-server.ts';
import { tryScript } from '../../tests/world/run.ts';
import { useServers } from '../../tests/world/servers.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { digestOf } from '../cli/digest.ts';
import { openFolderPlace, type LocalFile, type Place } from './place.ts';
import { headersOf, openS3Place, parseS3Address, readAccount } from './s3-place.ts';
import { MARKER, planSync, syncSite, listSiteFiles } from './sync-site.ts';

const CACHE = 'tests/fixtures/cache-signed';
const INDEX = 'v3/manifests/index/index.manifest.json';
const servers = useServers();

/** A small site with pages and the mirror of a cache. */
function makeSite(): string {
  const site = servers.file('site');
  cpSync(CACHE, site, { recursive: true });
  const pages = {
    'index.html': 'a page',
    '404.html': 'none',
    'assets/Abc.js': '1',
    'builds/c++/a b~1&<x>/index.html': 'é',
  };
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(site, path)), { recursive: true });
    writeFileSync(join(site, path), text);
  }
  return site;
}

/** Another index of the site, which replaces the first. */
function replaceIndex(site: string): void {
  const text = '{"database":{"version":"8","installs":{}}}';
  const path = join(site, mirrorBlobPath(digestOf(text)));
  mkdirSync(dirname(path), { recursive: true });
  rmSync(join(site, indexBlob(site)));
  writeFileSync(path, text);
  const manifest = readFileSync(join(site, INDEX), 'utf8');
  writeFileSync(
    join(site, INDEX),
    manifest
      .replace(/[0-9a-f]{64}/, digestOf(text).slice(7))
      .replace(/("contentLength": ?)\d+/, `$1${text.length}`),
  );
}

function indexBlob(folder: string): string {
  return mirrorBlobPath(
    `sha256:${/[0-9a-f]{64}/.exec(readFileSync(join(folder, INDEX), 'utf8'))?.[0] ?? ''}`,
  );
}

function contents(folder: string): Map<string, string> {
  const paths = fastGlob
    .sync('**', { cwd: folder, dot: true })
    .filter((path) => path !== MARKER)
    .sort();
  return new Map(
    paths.map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex'),
    ]),
  );
}

async function sync(site: string, place: Place, isDryRun = false) {
  return syncSite(await listSiteFiles(site), place, { isDryRun });
}

/** A place that logs all actions, and fails at one of them. */
function watched(place: Place, failAt = Infinity): { place: Place; actions: string[] } {
  const actions: string[] = [];
  const act = async (action: string, work: () => Promise<void>): Promise<void> => {
    actions.push(action);
    if (actions.length >= failAt) throw new Error('the network is gone');
    await work();
  };
  return {
    actions,
    place: {
      ...place,
      put: (local) => act(`+${local.path}`, () => place.put(local)),
      remove: (path) => act(`-${path}`, () => place.remove(path)),
    },
  };
}

test('fills a directory, and then sends only changed files', async () => {
  const site = makeSite();
  const to = servers.file('to');
  const place = await openFolderPlace(to);
  const total = contents(site).size;
  expect(await sync(site, place)).toMatchObject({ sent: total, removed: 0, unchanged: 0 });
  expect(contents(to)).toEqual(contents(site));

  const again = await openFolderPlace(to);
  expect(await sync(site, again)).toEqual({ sent: 0, bytes: 0, removed: 0, unchanged: total });
  writeFileSync(join(site, 'index.html'), 'b page');
  rmSync(join(site, '404.html'));
  expect(await sync(site, again, true)).toMatchObject({ sent: 1, removed: 1 });
  expect(existsSync(join(to, '404.html'))).toBe(true);
  expect(await sync(site, again)).toEqual({ sent: 1, bytes: 6, removed: 1, unchanged: total - 2 });
  expect(contents(to)).toEqual(contents(site));
});

test('sends files before those that refer to them, and removes them after', async () => {
  const site = makeSite();
  const to = servers.file('to');
  const first = watched(await openFolderPlace(to));
  await sync(site, first.place);
  const kinds = (actions: string[]) =>
    actions
      .map((action) =>
        /^.blobs/.test(action)
          ? 'blob'
          : /^.v3\/manifests\/index/.test(action)
            ? 'index'
            : action.endsWith('.html')
              ? 'page'
              : 'other',
      )
      .filter((kind, at, all) => kind !== all[at - 1]);
  expect(first.actions[0]).toBe(`+${MARKER}`);
  expect(kinds(first.actions.slice(1))).toEqual(['blob', 'other', 'page', 'index']);
  replaceIndex(site);
  const second = watched(await openFolderPlace(to));
  await sync(site, second.place);
  expect(kinds(second.actions)).toEqual(['blob', 'index', 'blob']);
  expect(second.actions.at(-1)).toMatch(/^-blobs/);
});

test('has no index that refers to a missing blob, wherever it is interrupted', async () => {
  const before = makeSite();
  const after = servers.file('after');
  cpSync(before, after, { recursive: true });
  replaceIndex(after);
  rmSync(join(after, 'v3/manifests/spec/tree'), { recursive: true });
  const counted = watched(await openFolderPlace(servers.file('count')));
  await sync(before, counted.place);
  // At the marker, between blobs, at the last manifest, and at some points in between.
  const length = counted.actions.length;
  for (const failAt of [1, 2, Math.floor(length / 2), length - 1, length]) {
    const to = servers.file(`to-${failAt}`);
    await expect(sync(before, watched(await openFolderPlace(to), failAt).place)).rejects.toThrow(
      'the network is gone',
    );
    if (existsSync(join(to, INDEX))) expect(existsSync(join(to, indexBlob(to)))).toBe(true);
  }
  for (let failAt = 1; failAt <= 4; failAt += 1) {
    const to = servers.file(`again-${failAt}`);
    cpSync(servers.file('count'), to, { recursive: true });
    await expect(sync(after, watched(await openFolderPlace(to), failAt).place)).rejects.toThrow(
      'the network is gone',
    );
    expect(existsSync(join(to, indexBlob(to)))).toBe(true);
    await sync(after, await openFolderPlace(to));
    expect(contents(to)).toEqual(contents(after));
  }
});

test('removes nothing from a place that it has not filled', async () => {
  const site = makeSite();
  mkdirSync(servers.file('home'));
  writeFileSync(servers.file('home/thesis.tex'), '');
  await expect(sync(site, await openFolderPlace(servers.file('home')))).rejects.toThrow(
    /expected an empty place or one that sync filled before, found other files, such as thesis\.tex/,
  );
  expect(readdirSync(servers.file('home'))).toEqual(['thesis.tex']);
  await expect(openFolderPlace(servers.file('home/thesis.tex'))).rejects.toThrow(
    'expected a directory, found a file',
  );
});

test('removes nothing of another site that sync has filled below, or that would contain this one', async () => {
  const site = makeSite();
  const [outer, inner] = [servers.file('www'), servers.file('www/other')];
  await sync(site, await openFolderPlace(outer));
  await sync(site, await openFolderPlace(inner));
  await expect(sync(site, await openFolderPlace(outer))).rejects.toThrow(
    /expected only files of this site, found another site that sync has filled in other\/; give each a place outside/,
  );
  expect(contents(inner)).toEqual(contents(site));
  const { code, stderr } = await tryScript('sync', ['--from', site, '--to', join(site, 'copy')]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('expected a directory outside the built site')]);
});

/** Syncs two sites to one place at once: a run that ends without an error must leave its whole site. */
async function syncTwice(open: () => Promise<Place>, has: (path: string) => Promise<boolean>): Promise<void> {
  const before = makeSite();
  const after = servers.file('after');
  cpSync(before, after, { recursive: true });
  replaceIndex(after);
  await sync(before, await open());
  const isWhole = async (site: string): Promise<boolean> => {
    const found = await (await open()).list();
    return (await listSiteFiles(site)).every(({ path, size }) => found.get(path)?.size === size);
  };
  for (let round = 0; round < 4; round += 1) {
    const outcomes = await Promise.allSettled([before, after].map(async (site) => sync(site, await open())));
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of failures)
      expect(String(reason)).toMatch(/another sync may (?:be running|have run)/);
    if (failures.length === 0) expect((await isWhole(before)) || (await isWhole(after))).toBe(true);
    await sync(after, await open());
    expect(await isWhole(after)).toBe(true);
    expect(await has(indexBlob(after))).toBe(true);
  }
}

test('two at once in a directory: no run succeeds without its whole site', async () => {
  const to = servers.file('shared');
  await syncTwice(
    () => openFolderPlace(to),
    (path) => Promise.resolve(existsSync(join(to, path))),
  );
});

test('refuses an incomplete site', async () => {
  const site = makeSite();
  rmSync(join(site, indexBlob(site)));
  await expect(listSiteFiles(site)).rejects.toThrow(
    /expected the index that it names as .* found no file; run `node scripts\/mirror\.ts` again/,
  );
  rmSync(join(site, INDEX));
  await expect(listSiteFiles(site)).rejects.toThrow(
    /found no v3\/manifests\/index\/index\.manifest\.json; run `node scripts\/mirror\.ts` first/,
  );
  await expect(listSiteFiles(servers.file('nowhere'))).rejects.toThrow(
    /found no index\.html; run `npm run build` first/,
  );
});

test('refuses a file that is too large for S3 before it sends any request', async () => {
  const site = makeSite();
  const blob = join(site, mirrorBlobPath(digestOf('large')));
  mkdirSync(dirname(blob), { recursive: true });
  writeFileSync(blob, '');
  // A sparse file of this size takes no disk space.
  truncateSync(blob, 5 * 2 ** 30 + 1);
  const nobody = { endpoint: 'http://127.0.0.1:9', region: 'none', accessKeyId: 'a', secretAccessKey: 'b' };
  await expect(sync(site, openS3Place('s3://lab', nobody))).rejects.toThrow(
    `${blob}: expected at most 5368709120 bytes, the most that s3://lab accepts in one upload, found 5368709121; lower PAGES_BUDGET`,
  );
});

test.skipIf(process.getuid?.() === 0)('says what to do when it is not allowed to write', async () => {
  const to = servers.file('to');
  mkdirSync(to);
  chmodSync(to, 0o500);
  await expect(sync(makeSite(), await openFolderPlace(to))).rejects.toThrow(
    /cannot be written; make its folder writable/,
  );
});

test('gives each file its content type and caching time', () => {
  expect(headersOf('index.html')).toEqual({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'public, max-age=600',
  });
  expect(headersOf(INDEX)['content-type']).toBe('application/json; charset=utf-8');
  expect(headersOf('feeds/builds.atom')['content-type']).toBe('application/atom+xml');
  expect(headersOf('blobs/sha256/ab/ab')).toEqual({
    'content-type': 'application/octet-stream',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  // The names that astro.config.mjs gives to scripts and styles.
  expect(headersOf('assets/CYaSomAg.js')['cache-control']).toBe('public, max-age=31536000, immutable');
});

test('reads addresses and logins, and says what is wrong with them', () => {
  expect(parseS3Address('s3://lab')).toEqual({ bucket: 'lab', prefix: '' });
  expect(parseS3Address('s3://lab/a/b/')).toEqual({ bucket: 'lab', prefix: 'a/b/' });
  for (const address of ['s3://', 's3://Lab', 'gs://lab', 's3://lab/../x', 's3://lab/a//b'])
    expect(() => parseS3Address(address)).toThrow('--to: expected s3://BUCKET');
  expect(() => readAccount({})).toThrow(/expected the login of the bucket, found none/);
  const login = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  expect(readAccount({ ...login, AWS_REGION: 'eu-central-1' }).endpoint).toBe(
    'https://s3.eu-central-1.amazonaws.com',
  );
  expect(() => readAccount({ ...login, AWS_ENDPOINT_URL: 'minio' })).toThrow(
    'AWS_ENDPOINT_URL: expected an address',
  );
});

test('keeps an existing blob of the same size, and compares all other files', () => {
  const file = (path: string, digest?: string): LocalFile => ({
    path,
    file: path,
    size: 1,
    ...(digest && { digest }),
  });
  const blob = 'blobs/sha256/aa/aa';
  const { stages } = planSync(
    [file(blob, 'sha256:aa'), file('x.json')],
    new Map([
      [blob, { size: 1 }],
      ['x.json', { size: 1 }],
    ]),
  );
  expect(stages.flat().map(({ local }) => local.path)).toEqual(['x.json']);
});

const isThere = findS3Server() !== undefined;

describe.skipIf(!isThere)(`a bucket of a real server${isThere ? '' : ` (${S3_ADVICE})`}`, () => {
  let server: S3Server;

  beforeAll(async () => {
    server = await startS3Server();
  });

  afterAll(() => server?.stop());

  test('is filled, updated and emptied like a directory, over several pages of its list', async () => {
    const site = makeSite();
    for (let at = 0; at < 1_100; at += 1) writeFileSync(join(site, `page-${at}.html`), String(at % 10));
    const place = openS3Place(`s3://${server.bucket}/lab+1/spack`, server.account);
    const total = contents(site).size;
    expect(await sync(site, place)).toMatchObject({ sent: total, removed: 0 });
    expect((await place.list()).size).toBe(total + 1);
    expect(await sync(site, place)).toMatchObject({ sent: 0, removed: 0, unchanged: total });

    writeFileSync(join(site, 'page-7.html'), 'x');
    rmSync(join(site, 'page-8.html'));
    expect(await sync(site, place)).toEqual({ sent: 1, bytes: 1, removed: 1, unchanged: total - 2 });
    for (const path of ['builds/c++/a b~1&<x>/index.html', INDEX, indexBlob(site), 'page-7.html']) {
      const answer = await server.get(`lab+1/spack/${path}`);
      expect(Buffer.from(await answer.arrayBuffer()).equals(readFileSync(join(site, path)))).toBe(true);
      const headers = headersOf(path);
      expect(answer.headers.get('content-type')).toBe(headers['content-type']);
      expect(answer.headers.get('cache-control')).toBe(headers['cache-control']);
    }
    expect(statSync(site).isDirectory()).toBe(true);
  });

  test('is not changed when it has other files, or the login is wrong', async () => {
    const files = await listSiteFiles(makeSite());
    await server.put('other/thesis.tex', 'mine');
    const other = openS3Place(`s3://${server.bucket}/other`, server.account);
    await expect(syncSite(files, other, { isDryRun: false })).rejects.toThrow(/such as thesis\.tex/);
    const refused = openS3Place(`s3://${server.bucket}/x`, { ...server.account, secretAccessKey: 'wrong' });
    await expect(syncSite(files, refused, { isDryRun: false })).rejects.toThrow(
      /GET was refused with status 403 \(SignatureDoesNotMatch: .*\); check the login/,
    );
    const missing = openS3Place('s3://there-is-none', server.account);
    await expect(syncSite(files, missing, { isDryRun: false })).rejects.toThrow(
      /status 404 \(NoSuchBucket: .*check the name/,
    );
  });

  test('two at once: no run succeeds without its whole site', async () => {
    const open = () => Promise.resolve(openS3Place(`s3://${server.bucket}/shared`, server.account));
    await syncTwice(open, async (path) => (await server.get(`shared/${path}`)).ok);
  });

  test('refuses bytes that are not those of the blob', async () => {
    const site = makeSite();
    const files = await listSiteFiles(site);
    const blob = files.find(({ digest }) => digest);
    writeFileSync(blob?.file ?? '', 'x'.repeat(blob?.size ?? 0));
    const place = openS3Place(`s3://${server.bucket}/damaged`, server.account);
    await expect(syncSite(files, place, { isDryRun: false })).rejects.toThrow(
      /PUT was refused with status 400/,
    );
  });
});
