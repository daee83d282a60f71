import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cloneRepository, commitFiles, git, makeBareRepository } from '../../tests/world/git.ts';
import { readChanges } from './changes.ts';
import { takeCatalog } from './take-catalog.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

const OLD = 'site/content/builds/zlib/old.json';
const NEW = 'site/content/builds/zlib/new.json';
let folder: string;
let run: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'take-'));
  makeBareRepository(join(folder, 'origin.git'));
  push('owner', { [OLD]: 'old', 'scripts/receive.ts': 'of the run', 'site/content/.gitkeep': '' });
  run = join(folder, 'run');
  // Like actions/checkout: one commit, without history.
  git(folder, 'clone', '-q', '--depth=1', `file://${folder}/origin.git`, run);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('updates the catalog to what other runs have published, and leaves the scripts of the run', async () => {
  push('other', { [NEW]: 'new', 'scripts/receive.ts': 'of an update' }, OLD);
  const { from, to } = await takeCatalog(join(run, 'site/content'), 'main', process.env);
  expect(from).not.toBe(to);
  expect(existsSync(join(run, OLD))).toBe(false);
  expect(readFileSync(join(run, NEW), 'utf8')).toBe('new');
  expect(readFileSync(join(run, 'scripts/receive.ts'), 'utf8')).toBe('of the run');
  // The next commit is on top of the head and has only the changes of this run.
  writeFileSync(join(run, 'site/content/mine.json'), 'mine');
  const { head, changes } = await readChanges(join(run, 'site/content'));
  expect([head, changes.map(({ path }) => path)]).toEqual([to, ['site/content/mine.json']]);
});

test('lists the environments whose stack has changed or is gone', async () => {
  const stack = (name: string) => `site/content/environments/${name}.yaml`;
  push('first', { [stack('same')]: 'a', [stack('changed')]: 'a', [stack('gone')]: 'a' });
  git(run, 'pull', '-q');
  push(
    'second',
    { [stack('changed')]: 'b', [stack('new')]: 'a', 'site/content/environments/same.lock.json': '{}' },
    stack('gone'),
  );
  const { changed } = await takeCatalog(join(run, 'site/content'), 'main', process.env);
  expect(changed).toEqual(['changed', 'gone', 'new']);
});

test('changes nothing when the branch has not moved, and reports when it cannot ask', async () => {
  writeFileSync(join(run, OLD), 'changed');
  const { from, to } = await takeCatalog(join(run, 'site/content'), 'main', process.env);
  expect(from).toBe(to);
  expect(readFileSync(join(run, OLD), 'utf8')).toBe('changed');
  await expect(takeCatalog(join(run, 'site/content'), 'gone', process.env)).rejects.toThrow(
    'the head of gone could not be fetched',
  );
});

test('treats a head without a catalog as empty', async () => {
  push('other', { README: 'x' }, 'site');
  await takeCatalog(join(run, 'site/content'), 'main', process.env);
  expect((await readChanges(join(run, 'site/content'))).changes).toEqual([]);
});

/** Commits files on main as somebody else, and removes one path. */
function push(who: string, files: Record<string, string>, gone?: string): void {
  const work = join(folder, who);
  cloneRepository(join(folder, 'origin.git'), work);
  if (gone !== undefined) rmSync(join(work, gone), { recursive: true });
  commitFiles(work, files);
  git(work, 'push', '-q', 'origin', 'HEAD:main');
}
