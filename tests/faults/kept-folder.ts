import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** Content of a folder, keyed by path, in a fixed order with folders before their content. */
export type KeptFolder = ReadonlyMap<string, Entry>;

interface Entry {
  /** The sha256 of a file, the target of a link, or empty for a folder. */
  value: string;
  kind: 'file' | 'link' | 'folder';
  mode: number;
  /** Modification time in seconds. */
  modified: number;
}

/** Contents of all files ever read, keyed by digest, so that shared content is kept only once. */
const contents = new Map<string, Buffer>();

/** Reads the current state of a folder; undefined when it does not exist. */
export function readFolder(folder: string): KeptFolder | undefined {
  if (!existsSync(folder)) return undefined;
  const entries = new Map<string, Entry>();
  const read = (inside: string): void => {
    const inOrder = readdirSync(join(folder, inside), { withFileTypes: true });
    for (const found of inOrder.sort((a, b) => compareTexts(a.name, b.name))) {
      const path = join(inside, found.name);
      const file = join(folder, path);
      const facts = lstatSync(file);
      const { mode, mtimeMs } = facts;
      const kind = found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'file';
      const value = kind === 'folder' ? '' : kind === 'link' ? readlinkSync(file) : digestOf(file, facts);
      entries.set(path, { value, kind, mode, modified: mtimeMs / 1_000 });
      if (kind === 'folder') read(path);
    }
  };
  read('');
  return entries;
}

/** Restores a folder to an earlier state; unchanged files are left alone. */
export function restoreFolder(folder: string, kept: KeptFolder | undefined): void {
  const found = readFolder(folder);
  if (!kept) return rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [path, entry] of found ?? []) {
    // A file may be hard-linked from another folder: it is replaced, not overwritten.
    if (!isSame(kept.get(path), entry)) rmSync(join(folder, path), { recursive: true, force: true });
  }
  for (const [path, entry] of kept) {
    const file = join(folder, path);
    if (isSame(found?.get(path), entry)) continue;
    if (entry.kind === 'folder') mkdirSync(file, { recursive: true, mode: entry.mode });
    else if (entry.kind === 'link') symlinkSync(entry.value, file);
    else {
      writeFileSync(file, contents.get(entry.value) ?? '', { mode: entry.mode });
      utimesSync(file, entry.modified, entry.modified);
    }
  }
}

/** Returns the digest of each file. */
export function digestsOf(folder: KeptFolder | undefined): Record<string, string> {
  const files = [...(folder ?? [])].filter(([, { kind }]) => kind === 'file');
  return Object.fromEntries(files.map(([path, { value }]) => [path, value] as const));
}

function isSame(one: Entry | undefined, other: Entry): boolean {
  if (one?.kind !== other.kind || one.value !== other.value) return false;
  return other.kind !== 'file' || (one.mode === other.mode && one.modified === other.modified);
}

/** Digests of files by inode and time of their last change: most files are the same at each reading. */
const digests = new Map<string, string>();
/** Age in milliseconds from which a time of change shows that a file was not changed again since. */
const SETTLED_MS = 100;

function digestOf(file: string, { dev, ino, size, ctimeMs }: Stats): string {
  const key = `${dev} ${ino} ${size} ${ctimeMs}`;
  const known = digests.get(key);
  if (known !== undefined) return known;
  const isSettled = Date.now() - ctimeMs > SETTLED_MS;
  const bytes = readFileSync(file);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (!contents.has(digest)) contents.set(digest, bytes);
  if (isSettled) digests.set(key, digest);
  return digest;
}
