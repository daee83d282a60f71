import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildFile, manifestFile } from '../../site/lib/catalog/catalog-files.ts';
import { generateCatalog } from '../generate/catalog.ts';
import { nodeOf } from '../generate/dag.ts';
import type { History } from '../generate/history.ts';
import { buildSite, listFiles, makeFolder, removeFolders } from './site.ts';

/** Number of builds of a cache after years; two sites of this size take minutes. */
const BUILDS = 10_000;
/** Number of builds that one publish adds. */
const PUBLISHED = 25;
const TIMEOUT_MS = 3_600_000;

const address = 'https://owner.example/cache';

afterAll(removeFolders);

/** Removes the newest builds from a catalog, as if they had not been published yet. */
async function unpublish(catalog: string, { nodes, builds }: History): Promise<string[]> {
  const newest = [...builds.keys()].slice(-PUBLISHED);
  for (const hash of newest) {
    const { node } = nodeOf(nodes, hash);
    for (const path of [buildFile(node), manifestFile(node)]) await rm(join(catalog, path));
  }
  return newest;
}

/** Reads the sha256 of each file for programs, keyed by path. */
async function readDigests(dist: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const path of await listFiles(dist)) {
    if (!path.startsWith('/api/') && !path.startsWith('/manifest/')) continue;
    digests.set(
      path,
      createHash('sha256')
        .update(await readFile(join(dist, path)))
        .digest('hex'),
    );
  }
  return digests;
}

test.skipIf(!process.env['FULL'])(
  `a publish of ${PUBLISHED} changes few files of ${BUILDS} builds`,
  async () => {
    const [catalog, before, after] = [await makeFolder(), await makeFolder(), await makeFolder()];
    const history = await generateCatalog({ builds: BUILDS, seed: 1, directory: catalog });
    await buildSite({ catalog, address }, after);
    const published = await unpublish(catalog, history);
    await buildSite({ catalog, address }, before);
    const [old, now] = [await readDigests(before), await readDigests(after)];
    const added = [...now.keys()].filter((path) => !old.has(path));
    const changed = [...now].filter(([path, digest]) => old.has(path) && old.get(path) !== digest);
    for (const hash of published) expect(added).toContain(`/api/specs/${hash}.json`);
    expect([...old.keys()].filter((path) => !now.has(path))).toEqual([]);
    // Lists, their packages, their dependencies, and builds that no longer fit: 113 of 13,800 when this was
    // written.
    expect(changed.length).toBeLessThan(10 * PUBLISHED);
  },
  TIMEOUT_MS,
);
