import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { commitFiles, git, makeRepository } from '../../tests/world/git.ts';
import { startGitHubApi, type GitHubApi } from '../../tests/world/github-api.ts';
import { startRegistry, type TestRegistry } from '../../tests/world/registry.ts';
import { runScript, type Outcome } from '../../tests/world/run.ts';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { readRemoved } from '../catalog/removal.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { appliedText, applyPlan, openBranch } from './apply.ts';
import { openDeleter } from './delete-images.ts';
import { planPrune } from './plan.ts';

/** A prune after the grace period, and a run that publishes the same builds at that moment, in each order. */

const FIXTURE = resolve('tests/fixtures/cache-unsigned');
const DAY_S = 86_400;
const PUBLISHED_S = 1_763_900_000;
/** Days after which everything is removed, and after which its grace period is over. */
const [REMOVED, OVER] = [400, 415];

let folder: string;
let api: GitHubApi;
let server: TestRegistry;
/** A checkout for each of the two runs. */
let pruner: string;
let publisher: string;
let environment: Record<string, string>;
/** Resets checkouts, branch and registry to their state before the first test. */
let restore: () => void;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'race-'));
  server = await startRegistry();
  pruner = join(folder, 'pruner');
  publisher = join(folder, 'publisher');
  mkdirSync(join(pruner, '.github'), { recursive: true });
  writeFileSync(join(pruner, '.github/build-cache.yaml'), 'retention: {newest: 0}\n');
  environment = {};
  await run(pruner, 'publish', [FIXTURE], 0);
  await run(pruner, 'prune', ['--apply'], REMOVED);
  makeRepository(pruner);
  commitFiles(pruner);
  git(folder, 'clone', '--quiet', '--bare', pruner, 'bare');
  git(folder, 'clone', '--quiet', 'bare', 'publisher');
  const store = join(server.repositories, '..');
  const kept = mkdtempSync(join(tmpdir(), 'race-kept-'));
  cpSync(folder, join(kept, 'folder'), { recursive: true });
  cpSync(store, join(kept, 'store'), { recursive: true });
  restore = () => {
    for (const [place, name] of [
      [folder, 'folder'],
      [store, 'store'],
    ] as const) {
      rmSync(place, { recursive: true });
      cpSync(join(kept, name), place, { recursive: true });
    }
  };
  return () => rmSync(kept, { recursive: true });
});

beforeEach(async () => {
  restore();
  api = await startGitHubApi({ repositoryDir: join(folder, 'bare'), repository: 'o/r' });
  environment = {
    GITHUB_TOKEN: 'secret',
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_REF_NAME: 'main',
    GITHUB_API_URL: api.url,
    GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
    GITHUB_OUTPUT: join(folder, 'outputs'),
  };
  return () => api.close();
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('keeps the image of a build that was published again before its turn', async () => {
  await run(publisher, 'publish', [FIXTURE], OVER);
  await run(publisher, 'commit', [], OVER);
  expect((await run(pruner, 'prune', ['--apply'], OVER)).stderr).toContain('deleted 0 images');
  expect(await missingImages()).toEqual([]);
});

test('notices after the commit that an image was deleted between check and commit, and pushes it again', async () => {
  const published = await run(publisher, 'publish', [FIXTURE], OVER);
  expect(published.stderr).toContain('0 images pushed, 12 found in the registry');
  expect((await run(pruner, 'prune', ['--apply'], OVER)).stderr).toContain('deleted 12 images');
  const committed = await run(publisher, 'commit', [], OVER);
  expect(committed.output.match(/the registry has lost this image/g)).toHaveLength(12);
  expect(readFileSync(join(folder, 'outputs'), 'utf8')).toMatch(/missing[^]*12/);
  expect(await missingImages()).toHaveLength(12);
  expect((await run(publisher, 'publish', [FIXTURE], OVER)).stderr).toContain('12 images pushed');
  expect(await missingImages()).toEqual([]);
});

test('names an image that is deleted right after its build was published, and what it says to do mends it', async () => {
  const content = join(pruner, 'site/content');
  const [catalog, removed] = [readCatalog(content), readRemoved(content)];
  const now = new Date((PUBLISHED_S + OVER * DAY_S) * 1_000);
  const { retention } = BuildCacheSettings.parse({ retention: { newest: 0 } });
  const plan = planPrune({ catalog, pins: new Map(), removed, retention, now });
  const registry = openRegistry(`${server.host}/owner/cache`);
  const deleteImages = openDeleter(registry);
  const applied = await applyPlan(content, plan, {
    catalog,
    removed,
    now,
    findRegistry: () => registry,
    findPublished: await openBranch(content, environment),
    deleteImages: async (images, isWanted) => {
      // The build is published and committed after this check, and before its image is deleted.
      const [first] = images;
      expect(first && (await isWanted(first.digest))).toBe(false);
      await run(publisher, 'publish', [FIXTURE], OVER);
      await run(publisher, 'commit', [], OVER);
      return deleteImages(images, () => Promise.resolve(false));
    },
  });
  expect(applied.missed).toHaveLength(12);
  expect(appliedText(applied)).toMatch(
    /Another run published .*tree@2\.1\.0\/\w+.*: `.*doctor.ts --fix`.*re-run the job "Publish".* or remove builds\//,
  );
  expect(await missingImages()).toHaveLength(12);
  // Clean checkout, as in the job that runs again.
  git(folder, 'clone', '--quiet', 'bare', 'again');
  // One is removed from the catalog: its next job hands it over again.
  const records = join(folder, 'again/site/content/builds/tree');
  const [record = ''] = readdirSync(records);
  rmSync(join(records, record));
  const again = await run(join(folder, 'again'), 'publish', [FIXTURE], OVER);
  expect(again.stderr).toContain('12 images pushed');
  expect(await missingImages()).toEqual([]);
  expect(readdirSync(records)).toEqual([record]);

  const [first] = plan.expire.flatMap(({ grace }) => grace?.build.image ?? []);
  if (!first) throw new Error('expected an image');
  await deleteImages([first], () => Promise.resolve(false));
  expect(await missingImages()).toEqual([first.tag]);
  await run(join(folder, 'again'), 'doctor', ['--fix'], OVER);
  expect(await missingImages()).toEqual([]);
});

/** Tags of builds on the branch that the registry lacks. */
async function missingImages(): Promise<string[]> {
  const head = join(folder, 'head');
  rmSync(head, { recursive: true, force: true });
  git(folder, 'clone', '--quiet', 'bare', 'head');
  const registry = openRegistry(`${server.host}/owner/cache`);
  const builds = [...readCatalog(join(head, 'site/content')).builds.values()];
  expect(builds).toHaveLength(12);
  const found = await Promise.all(builds.map(({ image }) => registry.describeTag(image.tag)));
  return builds.flatMap(({ image }, index) => (found[index] ? [] : [image.tag]));
}

function run(checkout: string, verb: string, args: string[], days: number): Promise<Outcome> {
  const places = ['--registry', `${server.host}/owner/cache`, '--catalog', join(checkout, 'site/content')];
  const date = { SOURCE_DATE_EPOCH: String(PUBLISHED_S + days * DAY_S) };
  return runScript(verb, [...args, ...places], { ...environment, ...date }, checkout);
}
