import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom } from '../../site/schemas/digest.ts';

/** Passes a blob's bytes on while it hashes and counts them; can go on to the end when its reader gave up. */
export class MeasuredBlob {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #expected: Blob;
  readonly #hash = createHash('sha256');
  #size = 0;
  #damage: unknown;

  constructor(source: Readable, expected: Blob) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#expected = expected;
  }

  /** The bytes from where the last reader left off. Throws once there are more than expected. */
  async *read(): AsyncGenerator<Buffer> {
    for (;;) {
      // Not `for await`: that would close the source when a reader gives up.
      const { done, value } = await this.#chunks.next().catch((error: unknown) => {
        this.#damage = error;
        throw error;
      });
      if (done) return;
      this.#hash.update(value);
      this.#size += value.length;
      if (this.#size > this.#expected.size) {
        this.#damage = this.#error(`${this.#expected.size} bytes`, 'more');
        throw this.#damage;
      }
      yield value;
    }
  }

  /** Reads what is left, once; returns what is wrong with the blob as a whole, undefined when nothing is. */
  async findDamage(): Promise<unknown> {
    try {
      for await (const chunk of this.read()) void chunk;
    } catch (error) {
      this.#damage ??= error;
    }
    if (this.#damage !== undefined) return this.#damage;
    const { digest, size } = this.#expected;
    if (this.#size !== size) return this.#error(`${size} bytes`, `${this.#size}`);
    const actual = digestFrom(this.#hash.digest('hex'));
    return actual === digest ? undefined : this.#error(digest, actual);
  }

  #error(expected: string, actual: string): Error {
    return new Error(`expected a tarball of ${expected}, found ${actual}`);
  }
}
