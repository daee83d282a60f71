import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { Origin } from '../../site/schemas/build.ts';
import { readRecipeTrees } from '../refresh/recipe-trees.ts';
import type { RecipeTrees } from '../refresh/recipe-trees.ts';
import { PACKAGES_URL } from '../spack/install-spack.ts';

/** What is looked at: thousands of these files are read for one choice. */
const BuiltWith = z.object({
  published: z.string(),
  origin: Origin.pick({ target: true, packages: true }),
});

/**
 * The packages of a target whose newest build comes from another recipe than the one that a release has: by git's ids
 * of their folders, so no Spack is needed. Those whose build does not say its recipes' commit are left out.
 * @param environment `SPACK_PACKAGES_GIT_URL` names another repository
 */
export async function findStaleNames(
  catalog: string,
  target: Target,
  packagesVersion: string,
  environment: Record<string, string | undefined>,
): Promise<string[]> {
  const commits = readCommits(catalog, target);
  if (commits.size === 0) return [];
  const url = environment['SPACK_PACKAGES_GIT_URL'] || PACKAGES_URL;
  const folder = mkdtempSync(join(tmpdir(), 'recipe-trees-'));
  try {
    const newTrees = await readRecipeTrees(url, packagesVersion, folder);
    const oldTrees = new Map<string, RecipeTrees>();
    for (const commit of new Set(commits.values()))
      oldTrees.set(commit, await readRecipeTrees(url, commit, folder));
    return [...commits].flatMap(([name, commit]) => {
      const id = newTrees.packages.get(name);
      // Without a recipe there is nothing to build.
      return id === undefined || id === oldTrees.get(commit)?.packages.get(name) ? [] : [name];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By package: the commit of the recipes that its newest build for a target was solved with. */
function readCommits(catalog: string, target: Target): Map<string, string> {
  const folder = join(catalog, 'builds');
  const commits = new Map<string, string>();
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const builds = readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.json'))
      .map((file) => BuiltWith.parse(JSON.parse(readFileSync(join(folder, name, file), 'utf8'))))
      .filter(({ origin }) => origin.target === target.name)
      .sort((a, b) => (a.published < b.published ? -1 : 1));
    const commit = builds.at(-1)?.origin.packages;
    if (commit !== undefined && /^[0-9a-f]{40}$/.test(commit)) commits.set(name, commit);
  }
  return commits;
}
