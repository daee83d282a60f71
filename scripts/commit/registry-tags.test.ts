import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitFiles, makeRepository } from '../../tests/world/git.ts';
import { startGitHubApi } from '../../tests/world/github-api.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { createLayout } from '../oci/layout.ts';
import { openRegistries, openRegistry } from '../oci/open-registry.ts';
import { checkTarballs, publishEntries } from '../publish/publish-cache.ts';
import { readBuildCache } from '../build-cache/build-cache.ts';
import { openGitHub } from '../github/api.ts';
import { yieldTags } from './commit-catalog.ts';

const CACHE = resolve(import.meta.dirname, '../../tests/fixtures/cache-unsigned');
const TREE = 'mgvrpqcayml2t34bqu5anstlc53ooayw';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lost-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('points the tag of a lost build back to the image of the publisher who was first', async () => {
  const reference = `oci-layout:${join(folder, 'registry')}`;
  const catalogDirectory = join(folder, 'work/site/content');
  const entries = await checkTarballs(await readBuildCache(CACHE), new Map());
  const registry = openRegistry(reference);
  await publishEntries(entries, { registry, catalogDirectory, signer: undefined, environment: {} });
  const winner = readCatalog(catalogDirectory).builds.get(TREE);
  if (!winner) throw new Error('tree is not published');
  const path = `site/content/${buildFile(winner)}`;
  const head = commitAll(join(folder, 'work'));

  // The loser pushed last.
  const layout = await createLayout(join(folder, 'loser'));
  const found = await registry.readManifest(winner.image.tag);
  await layout.addTag(winner.image.tag, `${found?.text} `);
  for (const name of readdirSync(join(folder, 'registry/blobs/sha256'))) {
    cpSync(join(folder, 'registry/blobs/sha256', name), join(layout.dir, 'blobs/sha256', name));
  }
  layout.close();
  await registry.push(layout.dir);
  expect((await registry.describeTag(winner.image.tag))?.digest).not.toBe(winner.image.digest);

  const api = await startGitHubApi({ repositoryDir: join(folder, 'work'), repository: 'o/r' });
  const github = openGitHub({
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_TOKEN: 'secret',
    GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
  });
  const lost = [{ path, content: Buffer.from("the loser's"), oid: 'x' }];
  expect(await yieldTags(github, head, lost, openRegistries(registry))).toEqual([winner.image.tag]);
  expect((await registry.describeTag(winner.image.tag))?.digest).toBe(winner.image.digest);
  expect(await yieldTags(github, head, lost, openRegistries(registry))).toEqual([]);
  await api.close();
});

function commitAll(work: string): string {
  makeRepository(work);
  return commitFiles(work);
}
