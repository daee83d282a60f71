import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { makeKey } from '../../scripts/signing/key.ts';
import { openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { openMadeSite, type MadeSite } from './made-site.ts';

let site: MadeSite;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  site = await openMadeSite();
  browser = await openChrome();
  page = await openPage(browser, complaints);
});

afterEach(() => restore());

afterAll(async () => {
  await browser.close();
  await site.close();
});

test('verifies a signed build down to each dependency, and says what it did not check', async () => {
  const results = await verify('tree');
  expect(results).toEqual([
    'good: The DAG hash, recomputed from the spec, matches this page.',
    expect.stringMatching(/^good: The manifest is signed by the key ([0-9A-F]{4} ?){10}\.$/),
    'good: The manifest names the tarball and the spec file with the digests on this page.',
    'good: The spec file is the one that the manifest names, and contains this spec.',
    'good: 5 dependencies recomputed: each matches its hash.',
    'open: The tarball itself was not downloaded.',
    expect.stringMatching(/^open: The key also came from this site/),
  ]);
  expect(complaints).toEqual([]);
});

test('downloads and checks the tarball when asked to', async () => {
  await page.goto(site.url + (await site.buildOf('tree')));
  await page.getByRole('button', { name: /^Download and check the tarball/ }).click();
  expect(await readResults()).toEqual([
    expect.stringMatching(/^good: The tarball \(49\.4.kB\) has the digest/),
  ]);
});

test('shows the build log from the tarball when asked to, and says when it cannot', async () => {
  await page.goto(site.url + (await site.buildOf('tree')));
  const button = page.getByRole('button', { name: /^Show the build log/ });
  await button.click();
  await page.getByRole('region', { name: 'Build log' }).waitFor();
  await expect
    .poll(() => page.locator('.build-log pre').textContent())
    .toContain('==> tree: Executing phase');
  expect(complaints).toEqual([]);
  await page.route('**/blobs/**', (route) => route.abort());
  await button.click();
  await page.getByText(/^The log could not be read/).waitFor();
  await page.unroute('**/blobs/**');
  // The browser logs aborted requests as errors.
  complaints.length = 0;
});

test('finds a changed tarball, spec file, manifest, key and node', async () => {
  const { build, nodes, manifest } = await filesOf('tree');
  await change(mirrorBlobPath(build.tarball.digest), (text) => `${text}x`, 'latin1');
  await page.goto(site.url + (await site.buildOf('tree')));
  await page.getByRole('button', { name: /^Download and check the tarball/ }).click();
  expect(await readResults()).toEqual(['bad: The tarball does not have the digest on this page.']);

  await change(mirrorBlobPath(build.image.config.digest), (text) => text.replace('2.1.0', '2.1.1'));
  expect(await verify('tree')).toContain('bad: The spec file is not the one that the manifest names.');
  await restore();

  await change(manifest, (text) => text.replace(/"contentLength":\d+/, '"contentLength":1'));
  expect(await verify('tree')).toContainEqual(
    expect.stringMatching(/^bad: The manifest: the signature by key .* is bad/),
  );
  await restore();

  const [keyFile = ''] = (await readdir(join(site.dist, 'keys'))).filter((name) => name.endsWith('.asc'));
  const { publicKey } = await makeKey({ name: 'Other', email: 'other@example.org', date: new Date() });
  await change(`keys/${keyFile}`, () => publicKey);
  expect(await verify('tree')).toContainEqual(
    expect.stringMatching(/^bad: The manifest: signed by key .*, expected one of/),
  );
  await restore();

  await change(
    nodes,
    (text) => {
      const changed = unpack(text).replace('"version":"2.1.0","arch"', '"version":"2.1.1","arch"');
      return gzipSync(changed).toString('latin1');
    },
    'latin1',
  );
  expect(await verify('tree')).toContainEqual(
    expect.stringMatching(/^bad: The spec has the DAG hash [a-z2-7]{32}, which does not match/),
  );
});

test('a missing file is reported as unchecked', async () => {
  const { manifest } = await filesOf('tree');
  await page.route(`**/${manifest}`, (route) => route.abort());
  const results = await verify('tree');
  await page.unroute(`**/${manifest}`);
  expect(results.at(-1)).toMatch(/^open: The rest was not checked \(/);
});

async function verify(name: string): Promise<string[]> {
  await page.goto(site.url + (await site.buildOf(name)));
  await page.getByRole('button', { name: 'Verify', exact: true }).click();
  return readResults();
}

/** Reads the list after the buttons are enabled again. */
async function readResults(): Promise<string[]> {
  await page.locator('.verify .checks li').first().waitFor();
  await page.locator('.verify button:disabled').first().waitFor({ state: 'detached' });
  return page
    .locator('.verify .checks li')
    .evaluateAll((items) => items.map((item) => `${item.className}: ${item.textContent}`));
}

interface BuildFiles {
  build: { tarball: { digest: string }; image: { config: { digest: string } } };
  /** Paths of the package's nodes and of the manifest. */
  nodes: string;
  manifest: string;
}

async function filesOf(name: string): Promise<BuildFiles> {
  const hash = (await site.buildOf(name)).split('/').at(-2) ?? '';
  const api = `api/specs/${hash}.json`;
  const { build }: BuildFiles = JSON.parse(await readFile(join(site.dist, api), 'utf8'));
  const folder = `v3/manifests/spec/${name}`;
  const files = await readdir(join(site.dist, folder));
  return {
    build,
    nodes: `api/nodes/${name}.json.gz`,
    manifest: `${folder}/${files.find((file) => file.includes(hash))}`,
  };
}

function unpack(latin: string): string {
  return gunzipSync(Buffer.from(latin, 'latin1')).toString('utf8');
}

const originals = new Map<string, Buffer>();

async function change(
  path: string,
  edit: (text: string) => string,
  encoding: BufferEncoding = 'utf8',
): Promise<void> {
  const file = join(site.dist, path);
  const bytes = await readFile(file);
  originals.set(file, bytes);
  const changed = Buffer.from(edit(bytes.toString(encoding)), encoding);
  expect(changed.equals(bytes), `${path} should change`).toBe(false);
  await writeFile(file, changed);
}

async function restore(): Promise<void> {
  for (const [file, bytes] of originals) await writeFile(file, bytes);
  originals.clear();
}
