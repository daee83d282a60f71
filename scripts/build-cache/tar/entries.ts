import { extract, type Extract, type Header } from 'tar-stream';

/** An entry's bytes. */
export type TarContent = Extract extends AsyncIterable<infer T> ? T : never;

/**
 * Visits the entries of a tar, one after the other, as its bytes arrive. What a visit leaves of an entry is passed over.
 * @param send brings the tar's bytes, unpacked, to the reader
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
