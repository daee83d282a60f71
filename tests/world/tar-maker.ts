/** An entry of a tar archive made byte by byte, so that tests can use archives that no tar program writes. */

export interface MadeEntry {
  name: string | Buffer;
  /** Type flag: `0` file (the default), `1` hard link, `2` symbolic link, `5` directory … */
  type?: string;
  content?: string | Buffer;
  link?: string;
  mode?: number;
  /** Changes the header; the checksum is computed afterwards. */
  edit?: (header: Buffer) => void;
}

const POSIX_MAGIC = 'ustar\x0000';
export const GNU_MAGIC = 'ustar  \0';

export function makeEntry({
  name,
  type = '0',
  content = '',
  link = '',
  mode = 0o644,
  edit,
}: MadeEntry): Buffer {
  const header = Buffer.alloc(512);
  const body = Buffer.from(content);
  Buffer.from(name).copy(header, 0, 0, 100);
  header.write(
    `${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(body.length, 11)}\0${octal(0, 11)}\0`,
    100,
  );
  header.write(type, 156);
  header.write(link.slice(0, 100), 157);
  header.write(POSIX_MAGIC, 257, 'latin1');
  edit?.(header);
  header.fill(' ', 148, 156);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
    'latin1',
  );
  return Buffer.concat([header, body, Buffer.alloc(-body.length & 511)]);
}

/** Makes a PAX extended header with these records; a value may be bytes. */
export function makePax(records: Record<string, string | Buffer>): Buffer {
  const body = Object.entries(records).map(([key, value]) => paxRecord(key, Buffer.from(value)));
  return makeEntry({ name: '././@PaxHeader', type: 'x', content: Buffer.concat(body) });
}

/** Makes an archive with its end, padded as in Python. */
export function makeTar(...parts: (MadeEntry | Buffer)[]): Buffer {
  const entries = parts.map((part) => (Buffer.isBuffer(part) ? part : makeEntry(part)));
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
