import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere } from '../cli/files.ts';
import { git } from '../cli/git.ts';

/** A file that differs from the checked-out commit. */
export interface Change {
  /** Relative to the repository's root, with `/`. */
  path: string;
  /** New content; absent: the file is removed. */
  content?: Buffer | undefined;
  oid?: string | undefined;
  /** Git's object id of the file in the checked-out commit; absent: it does not exist there. */
  base?: string | undefined;
}

/** The checked-out commit, and the files below a folder that differ from it. */
export interface LocalChanges {
  head: string;
  changes: Change[];
}

/** Finds files that were added, changed or removed below a folder of a git checkout, sorted by path. */
export async function readChanges(folder: string): Promise<LocalChanges> {
  const root = await git(folder, ['rev-parse', '--show-toplevel']);
  const head = await git(folder, ['rev-parse', 'HEAD']);
  const prefix = await git(folder, ['rev-parse', '--show-prefix']);

  const tracked = new Map<string, string>();
  const tree = await git(folder, ['ls-tree', '-r', '-z', '--full-tree', head, '--', prefix || '.']);
  for (const line of tree.split('\0')) {
    const [, oid, path] = /^\d+ blob ([0-9a-f]+)\t([^]*)$/.exec(line) ?? [];
    if (oid && path) tracked.set(path, oid);
  }
  const paths = new Set<string>();
  // No rename detection, and untracked files listed one by one: each entry is one path.
  const how = ['--porcelain', '-z', '--untracked-files=all', '--no-renames'];
  const status = await git(folder, ['status', ...how, '--', '.']);
  for (const entry of status.split('\0')) if (entry.length > 3) paths.add(entry.slice(3));

  const changes = [...paths].sort().map((path): Change => {
    const base = tracked.get(path);
    const content = readIfThere(join(root, path));
    return { path, ...(content ? { content, oid: nameBlob(content) } : {}), base };
  });
  return { head, changes: changes.filter(({ oid, base }) => oid !== base) };
}

/** Git's object id of a file's content. Source: gitformat-loose. */
export function nameBlob(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** Changes that remain to be committed on a branch that has moved. */
interface Reconciled {
  changes: Change[];
  /** Changes in conflict with an earlier commit, whose files are kept. */
  lost: Change[];
}

/**
 * Drops changes that the branch already has and those in conflict with another commit. A build and its
 * manifest belong together: both come from the same publisher, or neither is committed.
 * @param there git's object id of the branch's file at each path; undefined: it does not exist
 */
export function reconcile(
  changes: readonly Change[],
  there: (path: string) => string | undefined,
): Reconciled {
  const fates = changes.map((change) => ({ change, fate: judge(change, there(change.path)) }));
  const builds = new Map<string, Fate>();
  for (const { change, fate } of fates) {
    if (change.content && partOf(change.path) === 'build') builds.set(unitOf(change.path), fate);
  }
  const result: Reconciled = { changes: [], lost: [] };
  for (const { change, fate } of fates) {
    const isManifest = change.content !== undefined && partOf(change.path) === 'manifest';
    const deciding = isManifest && fate !== 'same' ? (builds.get(unitOf(change.path)) ?? fate) : fate;
    if (deciding === 'open') result.changes.push(change);
    else if (deciding === 'lost') result.lost.push(change);
  }
  return result;
}

type Fate = 'open' | 'same' | 'lost';

function judge({ oid, base }: Change, there: string | undefined): Fate {
  if (there === oid) return 'same';
  return there === base ? 'open' : 'lost';
}

/** The part of a build that a file of the catalog is. */
export function partOf(path: string): 'build' | 'manifest' | undefined {
  if (/(^|\/)builds\/[^/]+\/[^/]+\.json$/.test(path)) return 'build';
  return /(^|\/)manifests\/[^/]+\/[^/]+\.spec\.manifest\.json$/.test(path) ? 'manifest' : undefined;
}

/** Key shared by a build's record and its manifest: `<name>/<stem>`. */
export function unitOf(path: string): string {
  return path.replace(/^.*?(builds|manifests)\//, '').replace(/(\.spec\.manifest)?\.json$/, '');
}
