const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
/** Programs have a few dozen sections; a hostile one could name one range 65,535 times. */
const MOST_SECTIONS = 4096;
const NO_BITS = 8;

/** A section of an ELF file: its name and its bytes, one character each. */
export interface ElfSection {
  name: string;
  text: string;
}

/** The sections of a 64-bit little-endian ELF file; undefined for any other, and for an invalid one. */
export function readElfSections(bytes: Buffer): ElfSection[] | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
  const table = Number(bytes.readBigUInt64LE(40));
  const [count, names] = [bytes.readUInt16LE(60), bytes.readUInt16LE(62)];
  if (count === 0 || count > MOST_SECTIONS || names >= count) return undefined;
  if (table + count * SECTION_HEADER_BYTES > bytes.length) return undefined;
  const field = (section: number, offset: number): number =>
    Number(bytes.readBigUInt64LE(table + section * SECTION_HEADER_BYTES + offset));
  const nameTable = field(names, 24);
  const sections: ElfSection[] = [];
  let left = bytes.length;
  for (let at = 0; at < count; at += 1) {
    const header = table + at * SECTION_HEADER_BYTES;
    const start = nameTable + bytes.readUInt32LE(header);
    const name = bytes.toString('latin1', start, Math.min(bytes.indexOf(0, start), start + 200));
    const isEmpty = bytes.readUInt32LE(header + 4) === NO_BITS;
    const [from, size] = [field(at, 24), isEmpty ? 0 : field(at, 32)];
    // Sections do not overlap.
    left -= size;
    if (left < 0 || from + size > bytes.length) return undefined;
    sections.push({ name, text: bytes.toString('latin1', from, from + size) });
  }
  return sections;
}
