import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pMap from 'p-map';

/** A file to write. */
export interface GeneratedFile {
  /** Path relative to the directory. */
  path: string;
  content: string | Uint8Array;
}

const WRITES_AT_ONCE = 32;

/** Writes files to a directory that is new or empty; throws when it is not. */
export async function writeFiles(
  directory: string,
  files: Iterable<GeneratedFile> | AsyncIterable<GeneratedFile>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const [found] = await readdir(directory);
  if (found !== undefined) {
    throw new Error(`${directory}: expected a new or an empty directory, found ${found} in it; name another`);
  }
  const folders = new Set<string>();
  await pMap(
    files,
    async ({ path, content }) => {
      const folder = dirname(join(directory, path));
      if (!folders.has(folder)) await mkdir(folder, { recursive: true });
      folders.add(folder);
      await writeFile(join(directory, path), content, { flag: 'wx' });
    },
    { concurrency: WRITES_AT_ONCE },
  );
}
