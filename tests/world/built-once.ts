import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { withDirectoryLock } from '../../scripts/oci/directory-lock.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const FOLDER = join(PROJECT, '.work/built');
/** Inputs of every build, in addition to those that each call names. */
const SOURCES = [
  'site',
  'scripts',
  'public',
  'astro.config.mjs',
  'package-lock.json',
  '.github',
  'README.md',
];
/** Time in milliseconds after which unused folders are removed. */
const MOST_AGE_MS = 24 * 3_600_000;

/**
 * Builds a folder from the same inputs only once for all test files and for later runs, since Astro builds
 * take most of their time. The folder must not be changed.
 * @param inputs inputs of the build: texts, or `folder` for every file of a folder
 * @param make fills a folder inside the project; concurrent callers wait, and try it themselves when it fails
 * @returns path of the folder
 */
export async function builtOnce(
  { folder, texts }: { folder?: string; texts: unknown },
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(texts)).update(sourcesDigest());
  if (folder !== undefined && existsSync(folder)) await addFolder(hash, folder);
  const made = join(FOLDER, hash.digest('hex').slice(0, 20));
  await mkdir(`${made}.turn`, { recursive: true });
  await withDirectoryLock(`${made}.turn`, async () => {
    if (!existsSync(made)) {
      await removeOld();
      const fresh = `${made}.new`;
      await rm(fresh, { recursive: true, force: true });
      await make(fresh);
      await rename(fresh, made);
    }
    // The modification time is the last use, by which old folders are found.
    await utimes(made, new Date(), new Date());
  });
  return made;
}

async function addFolder(hash: ReturnType<typeof createHash>, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const file of files.sort()) hash.update(`${file.slice(folder.length)}\0`).update(await readFile(file));
}

let sources: string | undefined;

/** Digest of the current source files of sites, and of the commit that pages name. */
function sourcesDigest(): string {
  if (sources !== undefined) return sources;
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: PROJECT, encoding: 'utf8', maxBuffer: 64e6 });
  const hash = createHash('sha256');
  try {
    hash.update(git('rev-parse', 'HEAD'));
    const listed = git('ls-files', '-z', '--cached', '--others', '--exclude-standard', ...SOURCES).split(
      '\0',
    );
    for (const path of [...new Set(listed)].sort()) {
      const file = join(PROJECT, path);
      if (path !== '' && existsSync(file)) hash.update(`${path}\0`).update(readFileSync(file));
    }
  } catch {
    // Outside a git checkout nothing is shared with other runs.
    hash.update(`${process.ppid} ${Date.now()}`);
  }
  return (sources = hash.digest('hex'));
}

async function removeOld(): Promise<void> {
  for (const name of await readdir(FOLDER)) {
    const path = join(FOLDER, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts && Date.now() - facts.mtimeMs > MOST_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}
