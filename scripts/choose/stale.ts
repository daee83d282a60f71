import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { FROM_GIT } from '../../site/lib/catalog/catalog-files.ts';
import { isCommit } from '../../site/lib/format.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { Origin } from '../../site/schemas/build.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { listNames, readJson } from '../cli/files.ts';
import { readRecipeTrees, type RecipeTrees } from '../refresh/recipe-trees.ts';
import { packagesUrl } from '../spack/install-spack.ts';

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
  environment: ProcessEnvironment,
): Promise<string[]> {
  const commits = readCommits(catalog, target);
  if (commits.size === 0) return [];
  const url = packagesUrl(environment);
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
  for (const name of listNames(folder).sort()) {
    const builds = readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.json'))
      .map((file) => readJson(join(folder, name, file), BuiltWith, FROM_GIT))
      .filter(({ origin }) => origin.target === target.name)
      .sort((a, b) => compareTexts(a.published, b.published));
    const commit = builds.at(-1)?.origin.packages;
    if (commit !== undefined && isCommit(commit)) commits.set(name, commit);
  }
  return commits;
}
