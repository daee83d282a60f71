import { compareVersions } from '../../site/lib/spack/versions.ts';
/** The first bytes of an ELF file. */
const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const SYMBOL_PREFIX = 'GLIBC_';
/** Bytes kept from one chunk for the next: more than the longest version name with the NULs around it. */
const OVERLAP_BYTES = 32;
/**
 * Number of prefixes examined in one file: these, plus one per `BYTES_PER_LOOK` bytes read. Files have a few
 * dozen, near their beginning; a file full of prefixes costs no more than any other.
 */
const FREE_LOOKS = 100;
const BYTES_PER_LOOK = 256;

/**
 * Finds the newest glibc that ELF files need. Symbol versions are names in the dynamic string table, such as
 * `GLIBC_2.34` between NULs; finding them needs no ELF parser, only one pass over the bytes.
 */
export class GlibcScan {
  /** The newest version so far, as `x.y`. Undefined until a file names one. */
  newest: string | undefined;

  /** Returns a reader for one file's content; call it with every chunk in order. */
  startFile(): (chunk: Buffer) => void {
    let head = Buffer.alloc(0);
    let tail = Buffer.alloc(0);
    let looks = FREE_LOOKS;
    return (chunk) => {
      if (head.length < ELF_MAGIC.length) {
        head = Buffer.concat([head, chunk.subarray(0, ELF_MAGIC.length - head.length)]);
      }
      if (!head.equals(ELF_MAGIC.subarray(0, head.length))) return;
      // A name may begin in the last chunk and end in this one.
      looks += chunk.length / BYTES_PER_LOOK;
      looks = this.#search(Buffer.concat([tail, chunk.subarray(0, OVERLAP_BYTES)]), looks);
      looks = this.#search(chunk, looks);
      tail = Buffer.concat([tail, chunk.subarray(-OVERLAP_BYTES)]).subarray(-OVERLAP_BYTES);
    };
  }

  /** Returns the number of looks left. */
  #search(bytes: Buffer, looks: number): number {
    let left = looks;
    for (let at = -1; left >= 1; left -= 1) {
      at = bytes.indexOf(SYMBOL_PREFIX, at + 1);
      if (at < 0) return left;
      if (bytes[at - 1] !== 0) continue;
      const text = bytes.toString('latin1', at, at + OVERLAP_BYTES);
      const version = /^GLIBC_(\d+(?:\.\d+)+)\0/.exec(text)?.[1];
      if (version === undefined) continue;
      if (this.newest === undefined || compareVersions(version, this.newest) > 0) this.newest = version;
    }
    return left;
  }
}
