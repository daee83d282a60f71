import { inflateRawSync } from 'node:zlib';

/** A member of an archive, without its times and its place among the others. */
export interface ArchiveMember {
  name: string;
  content: Buffer;
}

/** Limit in bytes for an unpacked member of a zip, and for all members of one archive. */
const MOST_BYTES = 2 ** 24;

/**
 * The members of a Unix, zip or tar archive in its order; undefined for anything else, and for an invalid
 * archive.
 */
export function readMembers(bytes: Buffer): ArchiveMember[] | undefined {
  const start = bytes.toString('latin1', 0, 8);
  if (start === '!<arch>\n') return arMembers(bytes);
  if (start.startsWith('PK\x03\x04')) return zipMembers(bytes);
  if (bytes.toString('latin1', 257, 262) === 'ustar') return tarMembers(bytes);
  return undefined;
}

/**
 * Reads a Unix archive. Its table of long names and its symbol index, which follows from the members, are
 * skipped.
 */
function arMembers(bytes: Buffer): ArchiveMember[] | undefined {
  const members: ArchiveMember[] = [];
  let longNames = '';
  for (let at = 8; at + 60 <= bytes.length;) {
    const size = Number.parseInt(bytes.toString('latin1', at + 48, at + 58), 10);
    if (!(size >= 0)) return undefined;
    const name = bytes.toString('latin1', at, at + 16).trim();
    const content = bytes.subarray(at + 60, at + 60 + size);
    at += 60 + size + (size % 2);
    if (name === '/' || name === '/SYM64/') continue;
    if (name === '//') {
      longNames = content.toString('latin1');
      continue;
    }
    const offset = /^\/(\d+)$/.exec(name)?.[1];
    const long = offset === undefined ? name : longNames.slice(Number(offset)).split('\n', 1)[0];
    members.push({ name: long ?? name, content });
  }
  return members;
}

/** Reads a zip from the directory at its end, which has all sizes. */
function zipMembers(bytes: Buffer): ArchiveMember[] | undefined {
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0 || end + 22 > bytes.length) return undefined;
  const members: ArchiveMember[] = [];
  let at = bytes.readUInt32LE(end + 16);
  let left = MOST_BYTES;
  for (let count = bytes.readUInt16LE(end + 10); count > 0; count -= 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02_01_4b_50) return undefined;
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const local = bytes.readUInt32LE(at + 42);
    if (local + 30 > bytes.length) return undefined;
    const name = bytes.toString('latin1', at + 46, at + 46 + (nameLength ?? 0));
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const raw = bytes.subarray(from, from + packed);
    let content = raw;
    if (method === 8 && left > 0) {
      try {
        content = inflateRawSync(raw, { maxOutputLength: left });
      } catch {
        return undefined;
      }
    }
    left -= content.length;
    if (left < 0) return undefined;
    members.push({ name, content });
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return members;
}

function tarMembers(bytes: Buffer): ArchiveMember[] | undefined {
  const members: ArchiveMember[] = [];
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 136), 8);
    if (!(size >= 0)) return undefined;
    const name = bytes.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    members.push({ name, content: bytes.subarray(at + 512, at + 512 + size) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}

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
