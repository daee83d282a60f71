import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import glob from 'fast-glob';
import { parse } from 'yaml';
import { z } from 'zod';
import type { RecipeSource } from '../../site/schemas/build-request.ts';
import { checkOut } from './git-checkout.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** Namespace of the repository made from bare `<name>/package.py` folders. */
const OWN_NAMESPACE = 'own';

/** The part of a `repo.yaml` that has the namespace. */
const RepoYaml = z.object({
  repo: z.object({ namespace: z.string().regex(/^[a-zA-Z][\w.-]*$/, 'expected a namespace') }),
});

/** Recipes other than builtin. */
export interface Recipes {
  /** Folders of the repositories, keyed by namespace, in order of precedence. */
  repositories: Record<string, string>;
  /** Sources of the fetched repositories. */
  sources: RecipeSource[];
}

/**
 * Parses addresses such as `https://github.com/owner/repo@tag`, one per line or separated by spaces. The part
 * after the last `@` is a tag or a commit (default: the newest commit).
 */
export function parseRecipeSources(text: string): RecipeSource[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const match = /^(\w+:\/\/[^/]+\/[^@]+)@([^@]+)$/.exec(word);
      return match?.[1] && match[2] ? { url: match[1], commit: match[2] } : { url: word, commit: 'HEAD' };
    });
}

/**
 * Fetches recipe repositories, and finds the owner's recipes in a folder: whole repositories (with a
 * `repo.yaml`), or bare `<name>/package.py` folders, from which one is made. The owner's take precedence over
 * the fetched ones.
 * @param own the owner's folder; empty if there is none
 */
export async function gatherRecipes(sources: RecipeSource[], own: string, folder: string): Promise<Recipes> {
  const repositories: Record<string, string> = {};
  const add = (roots: string[]) => {
    for (const root of roots) {
      const namespace = readNamespace(root);
      const other = ownValue(repositories, namespace);
      if (other !== undefined)
        throw new Error(`${root}: expected a unique namespace, found ${namespace}, which ${other} has, too`);
      repositories[namespace] = root;
    }
  };
  if (own !== '') add(await findOwn(own, folder));
  const fetched: RecipeSource[] = [];
  for (const [index, { url, commit }] of sources.entries()) {
    const root = resolve(folder, `recipes-${index}`);
    fetched.push({ url, commit: await checkOut(url, commit, root) });
    const roots = await findRepositories(root);
    if (roots.length === 0)
      throw new Error(`${url}: expected a recipe repository with a repo.yaml, found none`);
    add(roots);
  }
  return { repositories, sources: fetched };
}

async function findOwn(own: string, folder: string): Promise<string[]> {
  const root = resolve(own);
  if (!existsSync(root))
    throw new Error(`${own}: expected a folder with your own package.py files, found none`);
  const roots = await findRepositories(root);
  if (roots.length > 0) return roots;
  const recipes = await glob('**/package.py', { cwd: root, deep: 4 });
  if (recipes.length === 0) {
    throw new Error(
      `${own}: expected <name>/package.py or a recipe repository with a repo.yaml, found neither`,
    );
  }
  // Spack requires a folder of this name, so that recipes can import each other.
  const repository = resolve(folder, 'own/spack_repo', OWN_NAMESPACE);
  mkdirSync(join(repository, 'packages'), { recursive: true });
  writeFileSync(join(repository, 'repo.yaml'), `repo:\n  namespace: ${OWN_NAMESPACE}\n  api: v2.0\n`);
  for (const recipe of recipes) {
    const from = join(root, dirname(recipe));
    cpSync(from, join(repository, 'packages', moduleName(basename(from))), { recursive: true });
  }
  return [repository];
}

/** Name of a package's folder, a Python module: `py_numpy` for `py-numpy`, `_7zip` for `7zip`. */
function moduleName(name: string): string {
  return name.replaceAll('-', '_').replace(/^(?=\d)/, '_');
}

async function findRepositories(root: string): Promise<string[]> {
  const files = await glob('**/repo.yaml', { cwd: root, deep: 5, absolute: true });
  return files.sort().map(dirname);
}

function readNamespace(root: string): string {
  const file = join(root, 'repo.yaml');
  const result = RepoYaml.safeParse(parse(readFileSync(file, 'utf8')));
  if (result.success) return result.data.repo.namespace;
  throw new Error(`${file}: expected repo: {namespace: NAME, api: v2.0}`);
}
