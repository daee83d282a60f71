import { extract, type Extract, type Header } from 'tar-stream';

/** Content of an entry. */
export type TarContent = Extract extends AsyncIterable<infer T> ? T : never;

/**
 * Visits the entries of a tar one by one as its bytes arrive. Skips the content that a visit does not read.
 * @param send writes the tar's uncompressed bytes to the reader
 */
export async function visitEntries(
  send: (reader: Extract) => Promise<void>,
  visit: (header: Header, content: TarContent) => Promise<void>,
): Promise<void> {
  const reader = extract();
  const visiting = async (): Promise<void> => {
    for await (const entry of reader) {
      await visit(entry.header, entry);
      entry.resume();
    }
  };
  await Promise.all([send(reader), visiting()]);
}
