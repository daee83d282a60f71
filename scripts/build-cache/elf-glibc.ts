/** The first bytes of an ELF file. */
const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const SYMBOL_PREFIX = 'GLIBC_';
/** Bytes kept from one chunk to the next: more than the longest version name with the NULs around it. */
const OVERLAP_BYTES = 32;
/**
 * The prefixes looked at in one file: these, and one for so many bytes read. Files have a few dozen, at their
 * beginning; one that is full of them costs no more than any other.
 */
const FREE_LOOKS = 100;
const BYTES_PER_LOOK = 256;

/**
 * Finds the newest glibc that ELF files need. Symbol versions are names in the dynamic string table,
 * `GLIBC_2.34` between NULs; reading them there needs no ELF parser and one look at each byte.
 */
export class GlibcScan {
  /** The newest version so far, as `x.y`. Undefined: no file names one. */
  newest: string | undefined;

  /** Returns a reader for one file's content: give it every chunk in order. */
  startFile(): (chunk: Buffer) => void {
    let head = Buffer.alloc(0);
    let tail = Buffer.alloc(0);
    let looks = FREE_LOOKS;
    return (chunk) => {
      if (head.length < ELF_MAGIC.length) {
        head = Buffer.concat([head, chunk.subarray(0, ELF_MAGIC.length - head.length)]);
      }
      if (!head.equals(ELF_MAGIC.subarray(0, head.length))) return;
      // The first bytes of a chunk may end a name that the last one began.
      looks += chunk.length / BYTES_PER_LOOK;
      looks = this.#search(Buffer.concat([tail, chunk.subarray(0, OVERLAP_BYTES)]), looks);
      looks = this.#search(chunk, looks);
      tail = Buffer.concat([tail, chunk.subarray(-OVERLAP_BYTES)]).subarray(-OVERLAP_BYTES);
    };
  }

  /** Returns how many of the looks are left. */
  #search(bytes: Buffer, looks: number): number {
    let left = looks;
    for (let at = -1; left >= 1; left -= 1) {
      at = bytes.indexOf(SYMBOL_PREFIX, at + 1);
      if (at < 0) return left;
      if (bytes[at - 1] !== 0) continue;
      const text = bytes.toString('latin1', at, at + OVERLAP_BYTES);
      const version = /^GLIBC_(\d+(?:\.\d+)+)\0/.exec(text)?.[1];
      if (version === undefined) continue;
      if (this.newest === undefined || compareGlibc(version, this.newest) > 0) this.newest = version;
    }
    return left;
  }
}

/** Compares dotted numbers: 2.9 comes before 2.34. */
export function compareGlibc(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
