import { quote } from '../quote.ts';

export type EntryKind = 'file' | 'hard link' | 'symbolic link' | 'directory';

/** Folders count even without an entry: 90,000 files in 240 folders each would take all memory. */
const BRANCHES_LIMIT = 500_000;

/** Links that a path may lead through. macOS follows 32, Linux 40. */
const LINKS_LIMIT = 32;

const IN_CYCLE = 'which is part of a cycle or leads through too many others';

/** Parts of the targets of all links; the largest real packages have some 100,000. */
const TARGET_PARTS_LIMIT = 10_000_000;

/** An entry of a tar. */
export interface PlacedEntry {
  path: string;
  kind: EntryKind;
  /** Target of a symbolic link. */
  target?: string | undefined;
}

interface Branch {
  /** Absent: a folder without an entry of its own. */
  entry?: PlacedEntry;
  /** Absent for the root. */
  above?: Branch;
  /** Absent: there is nothing below. */
  below?: Map<string, Branch>;
  /** Result of following this link; absent before it was followed. */
  end?: LinkEnd;
}

/** The place that a path leads to, and the number of links on the way. */
interface LinkEnd {
  /** Absent: outside the tar, or missing. */
  branch?: Branch;
  links: number;
}

/** The entries of a tar by the parts of their paths: finding an ancestor takes time proportional to the path's length. */
export class PathTree {
  readonly #root: Branch = {};
  /** The same spelling for all names that a file system treats as equal. */
  readonly #fold: (name: string) => string;
  readonly #links: Branch[] = [];
  #branches = 0;
  #targetParts = 0;

  constructor(fold: (name: string) => string = (name) => name) {
    this.#fold = fold;
  }

  /** Adds an entry. Of several with the same name, the first link stays, else the last file. */
  add(entry: PlacedEntry): void {
    let branch = this.#root;
    for (const part of this.#split(entry.path)) {
      branch.below ??= new Map();
      let next = branch.below.get(part);
      if (!next) {
        this.#branches += 1;
        if (this.#branches > BRANCHES_LIMIT)
          throw new Error(`expected at most ${BRANCHES_LIMIT} files and folders, found more`);
        next = { above: branch };
        branch.below.set(part, next);
      }
      branch = next;
    }
    const earlier = branch.entry?.kind;
    if (earlier === undefined || (earlier !== 'symbolic link' && entry.kind !== 'directory'))
      branch.entry = entry;
    if (entry.kind === 'symbolic link') this.#links.push(branch);
  }

  /** The entry at a path; undefined when there is none. */
  find(path: string): PlacedEntry | undefined {
    let branch: Branch | undefined = this.#root;
    for (const part of this.#split(path)) branch = branch?.below?.get(part);
    return branch?.entry;
  }

  /** The topmost entry above a path that is not a directory; undefined when there is none. */
  findAbove(path: string): PlacedEntry | undefined {
    let branch: Branch | undefined = this.#root;
    for (const part of this.#split(path)) {
      if (branch?.entry && branch.entry.kind !== 'directory') return branch.entry;
      branch = branch?.below?.get(part);
      if (branch === undefined) return undefined;
    }
    return undefined;
  }

  /**
   * Refuses symbolic links in a cycle, through too many others, and through a file. Spack asks the system about the end of
   * each link while it installs, and fails at any error other than a missing file.
   */
  refuseEndlessLinks(): void {
    for (const link of this.#links) this.#follow(link);
  }

  #follow(link: Branch, depth = 1): LinkEnd {
    if (link.end) return link.end;
    const { path = '', target = '' } = link.entry ?? {};
    const refuse = (found: string): never => {
      throw new Error(
        `expected symbolic links that end at a file or folder, found ${quote(path)} to ${quote(target)}, ${found}`,
      );
    };
    if (depth > LINKS_LIMIT) refuse(IN_CYCLE);
    let links = 1;
    let at: Branch | undefined = target.startsWith('/') ? this.#root : link.above;
    for (const part of this.#split(target)) {
      this.#targetParts += 1;
      if (this.#targetParts > TARGET_PARTS_LIMIT) refuse('and too many parts in the targets of all links');
      if (isFile(at)) refuse('which leads through a file');
      at = part === '..' ? at?.above : part === '' || part === '.' ? at : at?.below?.get(part);
      if (at?.entry?.kind === 'symbolic link') {
        const end = this.#follow(at, depth + 1);
        links += end.links;
        if (links > LINKS_LIMIT) refuse(IN_CYCLE);
        at = end.branch;
      }
      // Outside the tar everything may exist.
      if (at === undefined) break;
    }
    link.end = { links, ...(at ? { branch: at } : {}) };
    return link.end;
  }

  #split(path: string): string[] {
    return this.#fold(path).split('/');
  }
}

function isFile(branch: Branch | undefined): boolean {
  return branch?.entry?.kind === 'file' || branch?.entry?.kind === 'hard link';
}
