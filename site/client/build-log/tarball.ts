/** Finds one file in a streamed tarball without keeping the rest. Runs in browsers and in Node. */

const BLOCK = 512;
/** Maximum size of an extended header, in bytes: more than any path needs. */
const MAX_HEADER = 65_536;

/**
 * Content of the first file whose path has the given ending. Undefined: there is none.
 * @param tarball gzip-compressed
 * @param limit maximum bytes of the file; longer ones are cut
 */
export async function findInTarball(
  tarball: ReadableStream<Uint8Array<ArrayBuffer>>,
  ending: string,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = new StreamReader(tarball.pipeThrough(new DecompressionStream('gzip')));
  try {
    let longName: string | undefined;
    for (;;) {
      const header = await reader.read(BLOCK);
      if (header.length < BLOCK || header[0] === 0) return undefined;
      const size = Number.parseInt(textAt(header, 124, 12), 8) || 0;
      const padding = -size & (BLOCK - 1);
      const flag = textAt(header, 156, 1);
      if (flag === 'x' || flag === 'L') {
        const body = await reader.read(Math.min(size, MAX_HEADER));
        await reader.skip(size - body.length + padding);
        const text = new TextDecoder().decode(body);
        longName =
          flag === 'L' ? text.replace(/\0.*$/s, '') : (/ path=([^\n]*)\n/.exec(text)?.[1] ?? longName);
        continue;
      }
      const name = longName ?? textAt(header, 0, 100);
      longName = undefined;
      if ((flag === '0' || flag === '') && name.endsWith(ending))
        return await reader.read(Math.min(size, limit));
      await reader.skip(size + padding);
    }
  } finally {
    await reader.cancel();
  }
}

/** Decompresses gzip to text, up to a number of bytes. */
export async function gunzipText(
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<{ text: string; isCut: boolean }> {
  const reader = new StreamReader(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')));
  try {
    const content = await reader.read(limit);
    const isCut = content.length === limit && (await reader.read(1)).length === 1;
    return { text: new TextDecoder().decode(content), isCut };
  } finally {
    await reader.cancel();
  }
}

/** NUL-terminated text of a header. */
function textAt(header: Uint8Array, start: number, length: number): string {
  return new TextDecoder().decode(header.subarray(start, start + length)).replace(/\0.*$/s, '');
}

/** Reads a given number of bytes from a stream. */
class StreamReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next bytes; fewer at the end of the stream. */
  async read(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    const length = await this.#take(count, (part) => parts.push(part));
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  async skip(count: number): Promise<void> {
    await this.#take(count, () => undefined);
  }

  async cancel(): Promise<void> {
    // A broken stream reports its error again here.
    await this.#reader.cancel().catch(() => undefined);
  }

  async #take(count: number, use: (part: Uint8Array) => void): Promise<number> {
    let taken = 0;
    while (taken < count) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#rest = value;
        continue;
      }
      const part = this.#rest.subarray(0, count - taken);
      this.#rest = this.#rest.subarray(part.length);
      use(part);
      taken += part.length;
    }
    return taken;
  }
}
