import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** What a URL leads to: a file, or a directory whose URL lacks its slash. */
export interface Page {
  kind: 'file' | 'directory';
  /** Absolute path, symbolic links resolved. */
  path: string;
}

/**
 * Finds what GitHub Pages would serve for the still encoded path of a URL, such as `/packages/tree/`:
 * `/x/` is `x/index.html`, `/x` is the file `x` or `x.html`. Undefined: nothing, or nothing inside of `root`.
 */
export async function findPage(root: string, urlPath: string): Promise<Page | undefined> {
  const path = decodePath(urlPath);
  if (path === undefined) return undefined;
  if (path.endsWith('/')) return findInside(root, `${path}index.html`, ['file']);
  return (
    (await findInside(root, path, ['file'])) ??
    (await findInside(root, `${path}.html`, ['file'])) ??
    (await findInside(root, path, ['directory']))
  );
}

/** The path as files are named; undefined for what no file of a site is named. */
function decodePath(urlPath: string): string | undefined {
  try {
    const path = decodeURIComponent(urlPath);
    return path.includes('\0') || path.split(/[/\\]/).includes('..') ? undefined : path;
  } catch {
    return undefined;
  }
}

async function findInside(root: string, path: string, kinds: Page['kind'][]): Promise<Page | undefined> {
  try {
    const [home, target] = await Promise.all([realpath(root), realpath(join(root, path))]);
    if (target !== home && !target.startsWith(home + sep)) return undefined;
    const found = await stat(target);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : undefined;
    return kind && kinds.includes(kind) ? { kind, path: target } : undefined;
  } catch {
    return undefined;
  }
}
