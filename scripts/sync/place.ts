import type { Digest } from '../../site/schemas/digest.ts';

/** A file of a place as its list has it. */
export interface PlacedFile {
  size: number;
  /** MD5 of the content in hex, where the place says it. */
  md5?: string | undefined;
}

/** A file to send. */
export interface LocalFile {
  /** Relative to the site's root, with slashes. */
  path: string;
  /** Where it is on this disk. */
  file: string;
  size: number;
  /** Known without reading for a blob, which is named for it. */
  digest?: Digest | undefined;
}

/** A directory or a bucket that a site is kept in. */
export interface Place {
  /** As messages name it. */
  readonly address: string;
  /** Every file, by its path. */
  list(): Promise<Map<string, PlacedFile>>;
  /** Whether a file of the same size has the content of this one; may read either. */
  isSame(local: LocalFile, placed: PlacedFile): Promise<boolean>;
  /** Writes a file: afterwards it is there whole, or as it was before. */
  put(local: LocalFile): Promise<void>;
  remove(path: string): Promise<void>;
}
