import { gunzipSync } from 'node:zlib';
import type { DifferenceCause } from '../../site/schemas/checks/reproduction.ts';

/** Why texts of two builds differ, the most telling first: what each pattern matches is left out of the comparison. */
const TRACES: readonly (readonly [DifferenceCause, RegExp])[] = [
  [
    'timestamp',
    /\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\b|\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +)?(?:\d{1,2} +)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +(?:\d{1,2},? +)?(?:\d\d:\d\d:\d\d +)?(?:UTC +|GMT +)?\d{4}\b|\b\d\d:\d\d:\d\d\b|\b1[5-9]\d{8}\b/g,
  ],
  [
    'cpu-flags',
    /(?:-m(?:arch|tune|cpu)=[\w.+-]+|-mno-[\w.]+|-m(?:avx|sse|fma|bmi|aes|f16c|popcnt)[\w.]*)(?: (?=-m))?/g,
  ],
  ['core-count', /(?:-j ?|--jobs[ =]|\b(?:jobs|ncpus?|nproc|cores|threads)[ =:]+)\d+/gi],
  ['process-id', /\b(?:pid|process)[ =:]+\d+|\.pid\d+|\$\$\d+/gi],
  ['user-name', /\b(?:user|username|logname|built[ -]?by|maintainer|packager)["']?[ =:]+["']?[\w.@-]+/gi],
  [
    'host-name',
    /\b(?:host|hostname|node ?name|build[ -]?host|built on|compiled on)["']?[ =:]+["']?[\w.-]+/gi,
  ],
  ['path', /(?:\/[\w.+@=~-]+){2,}\/?/g],
  [
    'random',
    /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9a-f]{12,128}\b|\b(?:seed|nonce|random|uuid|id)[ =:]+\w+/gi,
  ],
];

/** In longer texts no trace is looked for: each match is a text of its own. */
const MOST_CHARACTERS = 2 ** 21;

/** Texts of each of the two builds that say where it was installed: Spack replaces them when it installs. */
export interface Prefixes {
  first: readonly string[];
  second: readonly string[];
}

const PADDING = /\/__spack_path_placeholder__.*$/;

/**
 * Finds what of two install prefixes is the machine's: all up to the part that both end with, which what a build needs has
 * in front of it, too. Spack's own scripts are named without the padding.
 * @param first absolute, without a slash before it
 */
export function findPrefixes(first: string, second: string): Prefixes {
  const [a, b] = [first.split('/'), second.split('/')];
  let same = 0;
  while (same < Math.min(a.length, b.length) && a.at(-1 - same) === b.at(-1 - same)) same += 1;
  const textsOf = (parts: string[]): string[] => {
    const root = parts.slice(0, parts.length - same).join('/');
    if (root === '') return [];
    if (same === 0) return [root];
    return [`/${root}/`, `/${root.replace(PADDING, '')}/`];
  };
  return { first: textsOf(a), second: textsOf(b) };
}

/** A text with `@PREFIX@` in place of where it was installed. */
export function withoutPrefix(text: string, prefixes: readonly string[]): string {
  return prefixes.reduce((changed, prefix) => changed.replaceAll(prefix, '@PREFIX@'), text);
}

/**
 * Why a file of two builds differs; undefined when it does not but for the prefix.
 * @param isInside it was compressed: a gzip file in it is not opened, it may hold itself
 */
export function classify(
  path: string,
  first: Buffer,
  second: Buffer,
  prefixes: Prefixes,
  isInside = false,
): DifferenceCause | undefined {
  const [a, b] = [
    withoutPrefix(first.toString('latin1'), prefixes.first),
    withoutPrefix(second.toString('latin1'), prefixes.second),
  ];
  if (a === b) return undefined;
  if (path.endsWith('.pyc')) return 'python-bytecode';
  if (!isInside && a.startsWith('\x1f\x8b') && b.startsWith('\x1f\x8b'))
    return classifyGzip(path, first, second, prefixes);
  const archive = classifyArchive(a, b);
  if (archive) return archive;
  if (a.startsWith('\x7fELF') && b.startsWith('\x7fELF')) {
    if (withoutBuildId(a) === withoutBuildId(b)) return 'build-id';
    if (withoutDebugInfo(first, a) === withoutDebugInfo(second, b)) return 'debug-info';
  }
  if (Math.max(a.length, b.length) > MOST_CHARACTERS) return 'content';
  if (a.replaceAll('\r\n', '\n') === b.replaceAll('\r\n', '\n')) return 'line-ends';
  if (a.length === b.length && [/\n/, /[\s,:;]+/].some((separator) => isReordered(a, b, separator)))
    return 'order';
  return findTrace(a, b) ?? 'content';
}

function classifyGzip(path: string, first: Buffer, second: Buffer, prefixes: Prefixes): DifferenceCause {
  try {
    const limit = { maxOutputLength: 2 ** 24 };
    const inside = classify(
      path.replace(/\.gz$/, ''),
      gunzipSync(first, limit),
      gunzipSync(second, limit),
      prefixes,
      true,
    );
    return inside ?? 'gzip-header';
  } catch {
    return 'content';
  }
}

/** Archives whose members are equal but for what their headers say, or their order. */
function classifyArchive(a: string, b: string): DifferenceCause | undefined {
  for (const list of [arMembers, zipWithoutTimes, tarMembers]) {
    const [one, other] = [list(a), list(b)];
    if (!one || !other) continue;
    if (one.join('\0') === other.join('\0')) return 'archive-header';
    if (one.toSorted().join('\0') === other.toSorted().join('\0')) return 'order';
  }
  return undefined;
}

/** Name and content of each member of a Unix archive. */
function arMembers(text: string): string[] | undefined {
  if (!text.startsWith('!<arch>\n')) return undefined;
  const members: string[] = [];
  for (let at = 8; at + 60 <= text.length;) {
    const size = Number.parseInt(text.slice(at + 48, at + 58), 10);
    if (!(size >= 0)) return undefined;
    members.push(`${text.slice(at, at + 16).trim()} ${text.slice(at + 60, at + 60 + size)}`);
    at += 60 + size + (size % 2);
  }
  return members;
}

/** A zip archive whose dates of members are left out. */
function zipWithoutTimes(text: string): string[] | undefined {
  if (!text.startsWith('PK\x03\x04')) return undefined;
  return [
    text
      .replaceAll(/(PK\x03\x04[^]{6})[^]{4}/g, '$1\0\0\0\0')
      .replaceAll(/(PK\x01\x02[^]{8})[^]{4}/g, '$1\0\0\0\0'),
  ];
}

/** Name and content of each member of a tar archive. */
function tarMembers(text: string): string[] | undefined {
  if (text.slice(257, 262) !== 'ustar') return undefined;
  const members: string[] = [];
  for (let at = 0; at + 512 <= text.length && text[at] !== '\0';) {
    const size = Number.parseInt(text.slice(at + 124, at + 136), 8);
    if (!(size >= 0)) return undefined;
    members.push(`${text.slice(at, at + 100)} ${text.slice(at + 512, at + 512 + size)}`);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}

/** The note in which linkers leave a digest of what they linked: `GNU`, type 3. */
function withoutBuildId(text: string): string {
  return text
    .replaceAll(/\x04\0\0\0([\x08\x10\x14\x20])\0\0\0\x03\0\0\0GNU\0/g, (lead, size: string, at: number) => {
      return `${lead}@${at}:${size}`;
    })
    .replaceAll(
      /(@\d+:([\x08\x10\x14\x20]))([^]{0,32})/g,
      (_all, lead: string, size: string, rest: string) => {
        return `${lead}${rest.slice(size.charCodeAt(0))}`;
      },
    );
}

const SECTION_HEADER_BYTES = 64;

/** A 64-bit little-endian ELF file without the sections that only debuggers read, and without its build id. */
function withoutDebugInfo(bytes: Buffer, text: string): string {
  // With another length than before, offsets would not fit.
  if (bytes.length !== text.length || bytes.length < SECTION_HEADER_BYTES || bytes[4] !== 2 || bytes[5] !== 1)
    return text;
  const masked = Buffer.from(text, 'latin1');
  const table = Number(bytes.readBigUInt64LE(40));
  const [count, names] = [bytes.readUInt16LE(60), bytes.readUInt16LE(62)];
  const header = (at: number): number => table + at * SECTION_HEADER_BYTES;
  if (header(Math.max(count, names + 1)) > bytes.length) return text;
  const field = (at: number, offset: number): number => Number(bytes.readBigUInt64LE(header(at) + offset));
  const nameTable = field(names, 24);
  for (let at = 0; at < count; at += 1) {
    const start = nameTable + bytes.readUInt32LE(header(at));
    const name = bytes.subarray(start, bytes.indexOf(0, start)).toString('latin1');
    if (/^\.(?:debug_|zdebug_|gnu_debuglink|comment)/.test(name))
      masked.subarray(field(at, 24), field(at, 24) + field(at, 32)).fill(0);
  }
  return withoutBuildId(masked.toString('latin1'));
}

function isReordered(a: string, b: string, separator: RegExp): boolean {
  const sorted = (text: string): string => text.split(separator).sort().join('\n');
  return sorted(a) === sorted(b);
}

/** The first kind of trace that explains the difference, alone or together with others. */
function findTrace(a: string, b: string): DifferenceCause | undefined {
  for (const [cause, pattern] of TRACES)
    if (a.replaceAll(pattern, '@') === b.replaceAll(pattern, '@')) return cause;
  let [one, other] = [a, b];
  let found: DifferenceCause | undefined;
  for (const [cause, pattern] of TRACES) {
    const differs = (one.match(pattern) ?? []).join('\n') !== (other.match(pattern) ?? []).join('\n');
    if (differs) found ??= cause;
    [one, other] = [one.replaceAll(pattern, '@'), other.replaceAll(pattern, '@')];
  }
  return one === other ? found : undefined;
}
