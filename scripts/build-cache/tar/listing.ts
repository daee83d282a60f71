import { quote } from '../quote.ts';
import { PathTree, type EntryKind } from './path-tree.ts';

/** One entry of a tarball, from its headers. */
export interface TarEntry {
  name: string;
  kind: EntryKind;
  /** Target of a link. */
  target: string;
  mode: number;
}

/** The entries of an install prefix by relative path, without the prefix itself and its ancestors. */
export interface PrefixListing {
  /** The install prefix in the tar: a path without a slash at either end. */
  prefix: string;
  entries: Map<string, ListedEntry>;
}

export interface ListedEntry {
  kind: EntryKind;
  executable: boolean;
  /** Target of a symbolic link; absent for others. */
  target?: string;
}

/** The file that Spack adds last and that locates the prefix. */
export const BUILD_INFO = '.spack/binary_distribution';

/**
 * Files that Spack writes in the prefix of an installed binary: one that is a link would overwrite any file of
 * the user who installs. Source: Spack's `write_install_manifest` and `relocate_package`.
 */
const OVERWRITTEN = ['.spack/install_manifest.json', '.spack/spec.json'];

/** The largest real packages have about 200,000 entries. */
const ENTRIES_LIMIT = 400_000;

const NAMES_LIMIT_CHARACTERS = 256 * 1024 * 1024;

/** Limits of file systems, which count bytes. */
const PATH_LIMIT_BYTES = 4096;

const NAME_LIMIT_BYTES = 255;

const DEPTH_LIMIT = 256;

const SET_ID_BITS = 0o6000;

const EXECUTE_BITS = 0o111;

/**
 * Collects a tarball's entries. Refuses those that a client would unpack outside the install prefix, or as
 * something other than what they are listed as. Spack itself compares only how their names begin.
 */
export class TarListing {
  readonly #entries = new Map<string, ListedEntry>();
  readonly #buildInfos: string[] = [];
  #characters = 0;

  /** Adds the next entry, in the order of the archive, and returns its path. Throws when it is refused. */
  add({ name, kind, target, mode }: TarEntry): string {
    const path = kind === 'directory' && name.endsWith('/') ? name.slice(0, -1) : name;
    checkPath(path, name);
    if ((mode & SET_ID_BITS) !== 0) {
      throw new Error(
        `expected files without set-user-ID and set-group-ID, found ${quote(name)} with mode ${mode.toString(8)}`,
      );
    }
    const earlier = this.#entries.get(path);
    if (earlier && !(earlier.kind === 'directory' && kind === 'directory')) {
      throw new Error(`expected each path once, found ${quote(path)} as ${earlier.kind} and as ${kind}`);
    }
    if (Buffer.byteLength(target) >= PATH_LIMIT_BYTES || findLongName(target) !== undefined) {
      throw new Error(
        `expected links to paths of less than ${PATH_LIMIT_BYTES} bytes, with names of at most ${NAME_LIMIT_BYTES}, ` +
          `found the link ${quote(name)} to ${quote(target)}`,
      );
    }
    // No system creates such a link: unpacking it fails.
    if (kind === 'symbolic link' && target === '')
      throw new Error(`expected links to paths, found the link ${quote(name)} without a target`);
    if (kind === 'hard link' && this.#entries.get(target)?.kind !== 'file') {
      throw new Error(
        `expected hard links to earlier files of the tar, found the hard link ${quote(name)} to ${quote(target)}`,
      );
    }
    if (kind === 'file' && path.endsWith(BUILD_INFO)) this.#buildInfos.push(path);
    this.#characters += path.length;
    if (this.#entries.size >= ENTRIES_LIMIT || this.#characters > NAMES_LIMIT_CHARACTERS) {
      throw new Error(`expected at most ${ENTRIES_LIMIT} entries and 256 MiB of names, found more`);
    }
    const executable = (mode & EXECUTE_BITS) !== 0;
    this.#entries.set(path, { kind, executable, ...(kind === 'symbolic link' ? { target } : {}) });
    return path;
  }

  /** Checks the archive as a whole. On the platform `darwin`, names that differ only in case are the same. */
  finish(platform: string): PrefixListing {
    const prefix = this.#findPrefix();
    const entries = new Map<string, ListedEntry>();
    for (const [path, entry] of this.#entries) {
      if (path.startsWith(`${prefix}/`)) entries.set(path.slice(prefix.length + 1), entry);
      else if (entry.kind !== 'directory' || !`${prefix}/`.startsWith(`${path}/`)) {
        throw new Error(`expected entries inside the install prefix ${quote(prefix)}, found ${quote(path)}`);
      }
    }
    const tree = this.refuseWritesThroughLinks(platform);
    tree.refuseEndlessLinks();
    for (const name of OVERWRITTEN) {
      const kind = tree.find(`${prefix}/${name}`)?.kind ?? 'file';
      if (kind !== 'file')
        throw new Error(`expected ${name} as a file, since Spack overwrites it, found a ${kind}`);
    }
    return { prefix, entries };
  }

  #findPrefix(): string {
    const [file, another] = this.#buildInfos;
    if (file === undefined || another !== undefined) {
      throw new Error(
        file === undefined
          ? `expected the file ${BUILD_INFO} that Spack adds to every tarball, found none`
          : `expected one file named ${BUILD_INFO}, found ${quote(file)} and ${quote(another ?? '')}`,
      );
    }
    const prefix = file.slice(0, -BUILD_INFO.length - 1);
    if (`${prefix}/${BUILD_INFO}` !== file || this.#entries.get(prefix)?.kind !== 'directory') {
      throw new Error(`expected the directory that holds ${quote(file)} as an entry of the tar, found none`);
    }
    return prefix;
  }

  /**
   * Refuses entries below anything that is not a directory, in any order: they would be written where a link
   * points. On the platform `darwin`, names that differ only in case are the same.
   * @returns all entries
   */
  refuseWritesThroughLinks(platform: string): PathTree {
    const tree = new PathTree(platform === 'darwin' ? foldCase : (name) => name);
    for (const [path, { kind, target }] of this.#entries) tree.add({ path, kind, target });
    for (const path of this.#entries.keys()) {
      const twin = tree.find(path);
      if (twin?.kind === 'symbolic link' && twin.path !== path) {
        throw new Error(
          `expected names that differ by more than case, found ${quote(twin.path)} and ${quote(path)}`,
        );
      }
      const above = tree.findAbove(path);
      if (above === undefined) continue;
      throw new Error(
        `expected entries in directories, found ${quote(path)} below the ${above.kind} ${quote(above.path)}`,
      );
    }
    return tree;
  }
}

/** The first part of a path that no file system takes. Of a link it counts, too: Spack looks at where each leads. */
function findLongName(path: string): string | undefined {
  return path.split('/').find((name) => Buffer.byteLength(name) > NAME_LIMIT_BYTES);
}

function checkPath(path: string, name: string): void {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new Error(`expected entries inside the install prefix, found the entry ${quote(name)}`);
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_LIMIT_BYTES || parts.length > DEPTH_LIMIT) {
    throw new Error(
      `expected paths of at most ${PATH_LIMIT_BYTES} bytes in ${DEPTH_LIMIT} parts, found ${quote(name)} ` +
        `with ${bytes} in ${parts.length}`,
    );
  }
  const long = findLongName(path);
  if (long !== undefined) {
    throw new Error(
      `expected names of at most ${NAME_LIMIT_BYTES} bytes, found one of ${Buffer.byteLength(long)}: ${quote(long)}`,
    );
  }
}

/** The same spelling for all paths that a case-insensitive file system treats as equal. */
function foldCase(path: string): string {
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
}
