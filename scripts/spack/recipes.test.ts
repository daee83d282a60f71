import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { commitFiles, git, makeRepository as initRepository } from '../../tests/world/git.ts';
import { checkOut, headDate } from './git-checkout.ts';
import { gatherRecipes, parseRecipeSources } from './recipes.ts';

function makeFolder(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'recipes-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

function makeRepository(files: Record<string, string>): { url: string; git: (...args: string[]) => string } {
  const folder = makeFolder(files);
  initRepository(folder);
  commitFiles(folder);
  git(folder, 'tag', 'v1');
  return { url: `file://${folder}`, git: (...args) => git(folder, ...args).trim() };
}

const REPO = {
  'spack_repo/more/repo.yaml': 'repo: {namespace: more, api: v2.0}',
  'spack_repo/more/packages/a/package.py': '',
};

test('parses addresses with and without a tag', () => {
  expect(
    parseRecipeSources('https://github.com/a/b@v1.2\nhttps://github.com/c/d ssh://git@host/e/f'),
  ).toEqual([
    { url: 'https://github.com/a/b', commit: 'v1.2' },
    { url: 'https://github.com/c/d', commit: 'HEAD' },
    { url: 'ssh://git@host/e/f', commit: 'HEAD' },
  ]);
  expect(parseRecipeSources('')).toEqual([]);
});

test('fetches repositories at their tag and says which commit that is', async () => {
  const { url, git } = makeRepository(REPO);
  const commit = git('rev-parse', 'v1');
  git('commit', '--quiet', '--allow-empty', '-m', 'two');
  const folder = makeFolder({});
  const recipes = await gatherRecipes([{ url, commit: 'v1' }], '', folder);
  expect(recipes).toEqual({
    repositories: { more: join(folder, 'recipes-0/spack_repo/more') },
    sources: [{ url, commit }],
  });
  expect(await checkOut(url, commit, join(folder, 'recipes-0'))).toBe(commit);
  expect(await headDate(join(folder, 'recipes-0'))).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('refuses words that git would treat as an option or a program', async () => {
  const folder = makeFolder({});
  await expect(checkOut('ext::sh -c id', 'v1', folder)).rejects.toThrow(
    'expected the address of a git repository',
  );
  await expect(checkOut('https://example.org/a/b', '--upload-pack=id', folder)).rejects.toThrow(
    'expected a git tag',
  );
});

test('reports a missing tag', async () => {
  const { url } = makeRepository(REPO);
  await expect(checkOut(url, 'v9', makeFolder({}))).rejects.toThrow(`cannot fetch "v9" of ${url}`);
});

test("uses the owner's own repository unchanged, and before the others", async () => {
  const own = makeFolder({ 'spack_repo/mine/repo.yaml': 'repo: {namespace: mine, api: v2.0}' });
  const { url } = makeRepository(REPO);
  const { repositories } = await gatherRecipes([{ url, commit: 'v1' }], own, makeFolder({}));
  expect(Object.keys(repositories)).toEqual(['mine', 'more']);
  expect(repositories['mine']).toBe(join(own, 'spack_repo/mine'));
  const odd = makeFolder({ 'spack_repo/constructor/repo.yaml': 'repo: {namespace: constructor, api: v2.0}' });
  expect(Object.keys((await gatherRecipes([], odd, makeFolder({}))).repositories)).toEqual(['constructor']);
});

test('makes a repository of bare package.py folders', async () => {
  const own = makeFolder({ 'py-mine/package.py': '# mine', 'py-mine/a.patch': 'p', '3d/package.py': '' });
  const { repositories } = await gatherRecipes([], own, makeFolder({}));
  const root = repositories['own'] ?? '';
  expect(root).toMatch(/\/spack_repo\/own$/);
  expect(readFileSync(join(root, 'packages/py_mine/package.py'), 'utf8')).toBe('# mine');
  expect(readFileSync(join(root, 'packages/py_mine/a.patch'), 'utf8')).toBe('p');
  expect(readFileSync(join(root, 'packages/_3d/package.py'), 'utf8')).toBe('');
});

test('says what is wrong with an empty, missing or duplicate folder of recipes', async () => {
  await expect(gatherRecipes([], makeFolder({}), makeFolder({}))).rejects.toThrow(
    'expected <name>/package.py or',
  );
  await expect(gatherRecipes([], join(makeFolder({}), 'none'), makeFolder({}))).rejects.toThrow('found none');
  const { url } = makeRepository(REPO);
  const twice = [
    { url, commit: 'v1' },
    { url, commit: 'v1' },
  ];
  await expect(gatherRecipes(twice, '', makeFolder({}))).rejects.toThrow(
    'expected a unique namespace, found more',
  );
});
