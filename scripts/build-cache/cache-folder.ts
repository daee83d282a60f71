import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isErrorCode } from '../cli/files.ts';

const SPEC_MANIFESTS = join('v3', 'manifests', 'spec');
const MANIFEST_ENDING = '.spec.manifest.json';
/** Names of manifests and spec files, in any spelling and with anything appended. */
const SPEC_FILE = /\.spec\.(?:m|json|yaml)/i;
const LAYOUT = /^v\d+$/;
/** Spack's own folders are at most four deep. */
const DEPTH_LIMIT = 32;

/**
 * An untrusted build cache directory. Never reads outside it, even through symbolic links, nor anything other
 * than plain files.
 */
export class CacheFolder {
  readonly #directory: string;
  readonly #realDirectory: string;

  private constructor(directory: string, realDirectory: string) {
    this.#directory = directory;
    this.#realDirectory = realDirectory;
  }

  /** Throws when there is no such directory. */
  static async open(directory: string): Promise<CacheFolder> {
    const expected = `${directory}: expected the directory of a build cache`;
    const advice = 'check the path; `spack buildcache push DIR` writes one';
    const real = await realpath(directory).catch((cause: unknown) => {
      throw new Error(`${expected}, found none; ${advice}`, { cause });
    });
    if (!(await stat(real)).isDirectory()) throw new Error(`${expected}, found a file; ${advice}`);
    return new CacheFolder(directory, real);
  }

  /** The path of a file in this folder as messages show it. */
  locate(path: string): string {
    return join(this.#directory, path);
  }

  /**
   * Paths of the spec manifests, sorted. Empty for an empty directory; throws for a directory that is not a
   * build cache, and for spec files of any kind where Spack does not look for them.
   */
  async listManifests(): Promise<string[]> {
    const top = await this.list('');
    for (const path of [dirname(dirname(SPEC_MANIFESTS)), dirname(SPEC_MANIFESTS), SPEC_MANIFESTS])
      await this.#refuseFile(path);
    const paths: string[] = [];
    const folders = new Set<string>();
    for (const name of await this.list(SPEC_MANIFESTS)) {
      const folder = join(SPEC_MANIFESTS, name);
      if (name.endsWith(MANIFEST_ENDING)) throw this.#misplaced(folder);
      for (const file of await this.list(folder)) {
        if (!file.endsWith(MANIFEST_ENDING)) continue;
        folders.add(await this.#resolve(folder));
        paths.push(join(folder, file));
      }
    }
    if (paths.length === 0) this.#refuseOtherLayouts(top);
    // Files that older and newer versions of Spack put next to the v3 layout are left alone.
    const others = new Set([
      'blobs',
      'build_cache',
      ...top.filter((name) => LAYOUT.test(name) && name !== 'v3'),
    ]);
    await this.#refuseOtherPlaces(folders, others);
    return paths.sort();
  }

  async #refuseFile(path: string): Promise<void> {
    if (await this.has(path))
      throw new Error(`${this.locate(path)}: expected a folder, found a file; push it again`);
  }

  #refuseOtherLayouts(top: readonly string[]): void {
    if (top.includes('build_cache')) {
      throw new Error(
        `${this.#directory}: expected a build cache of layout v3, found one of layout v2 (build_cache/); ` +
          `use \`node scripts/import.ts ${this.#directory}\``,
      );
    }
    const newer = top.find((name) => LAYOUT.test(name) && name !== 'v3');
    if (newer !== undefined) {
      throw new Error(
        `${this.#directory}: expected a build cache of layout v3, found one of layout ${newer} (${newer}/); ` +
          'push its specs with Spack 1.0 or newer as layout v3, or update this project',
      );
    }
    if (top.length > 0 && !top.includes('v3')) {
      throw new Error(
        `${this.#directory}: expected a build cache (v3/ and blobs/), found neither; ` +
          'give the directory that `spack buildcache push` wrote',
      );
    }
  }

  /** Refuses spec files outside `folders`, skipping the `ignored` entries; does not follow links. */
  async #refuseOtherPlaces(folders: ReadonlySet<string>, ignored: ReadonlySet<string>): Promise<void> {
    const open = [''];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (path.split(sep).length > DEPTH_LIMIT) {
        throw new Error(
          `${this.locate(path)}: expected folders at most ${DEPTH_LIMIT} deep, found more; ` +
            'give the directory that `spack buildcache push` wrote',
        );
      }
      const at = join(this.#realDirectory, path);
      for (const entry of await readdir(at, { withFileTypes: true })) {
        const { name } = entry;
        if (path === '' && ignored.has(name)) continue;
        const isInPlace = folders.has(at) && name.endsWith(MANIFEST_ENDING);
        // No spec has a name that is not UTF-8, and a path below such a name cannot be requested.
        if (!isInPlace && (SPEC_FILE.test(name) || name.includes('\ufffd')))
          throw this.#misplaced(join(path, name));
        if (entry.isDirectory()) open.push(join(path, name));
      }
    }
  }

  /** The size of a plain file in bytes; throws when it is missing, something else, or outside the folder. */
  async measure(path: string): Promise<number> {
    return this.#sizeOf(await this.#resolve(path), path);
  }

  async #sizeOf(real: string, path: string): Promise<number> {
    const stats = await stat(real);
    if (!stats.isFile())
      throw new Error(`${this.locate(path)}: expected a file, found something else; push it again`);
    return stats.size;
  }

  /** The content of a plain file of at most `limitBytes`. */
  async read(path: string, limitBytes: number): Promise<Buffer> {
    const real = await this.#resolve(path);
    const size = await this.#sizeOf(real, path);
    if (size > limitBytes) {
      throw new Error(
        `${this.locate(path)}: expected at most ${limitBytes} bytes, found ${size}; this is not what Spack writes`,
      );
    }
    return readFile(real);
  }

  /** Spack finds a manifest only by its name, in the folder of its package. */
  #misplaced(path: string): Error {
    return new Error(
      `${this.locate(path)}: expected manifests in ${join(SPEC_MANIFESTS, '<package>')}, where Spack looks for them, ` +
        'found one elsewhere; move it there or remove it',
    );
  }

  /** Whether a file with this path exists. */
  async has(path: string): Promise<boolean> {
    try {
      return (await stat(await this.#resolve(path))).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Names in a directory; empty when it is missing or is a file. */
  async list(path: string): Promise<string[]> {
    try {
      const real = await this.#resolve(path);
      return (await stat(real)).isDirectory() ? await readdir(real) : [];
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #resolve(path: string): Promise<string> {
    const real = await realpath(join(this.#realDirectory, path)).catch((cause: unknown) => {
      throw new Error(`${this.locate(path)}: expected a file, found none; push it again`, { cause });
    });
    const inside = relative(this.#realDirectory, real);
    if (inside === '..' || inside.startsWith(`..${sep}`)) {
      throw new Error(
        `${this.locate(path)}: expected a file of the build cache, found a link that leads outside it; remove the link`,
      );
    }
    return real;
  }
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return isErrorCode(cause, 'ENOENT') || isErrorCode(cause, 'ENOTDIR');
}
