import { gunzipSync } from 'node:zlib';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import type { DifferenceCause } from '../../site/schemas/checks/reproduction.ts';
import { type ArchiveMember, type ElfSection, readElfSections, readMembers } from './unpack.ts';

/** A compiler option for a processor. */
const CPU_FLAG = String.raw`(?:-m(?:arch|tune|cpu)=[\w.+-]+|-mno-[\w.]+|-m(?:avx|sse|fma|bmi|aes|f16c|popcnt)[\w.]*)`;

/** Causes for differing texts, most specific first. Matches of a pattern are left out of the comparison. */
const TRACES: readonly (readonly [DifferenceCause, RegExp])[] = [
  [
    'timestamp',
    anyOf(
      String.raw`\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\b`,
      String.raw`\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +)?(?:\d{1,2} +)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +(?:\d{1,2},? +)?(?:\d\d:\d\d:\d\d +)?(?:UTC +|GMT +)?\d{4}\b`,
      String.raw`\b\d\d:\d\d(?::\d\d)?\b`,
      String.raw`\b1[5-9]\d{8}\b`,
      String.raw`\b20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[T_-]?\d{4}(?:\d\d)?Z?)?\b`,
      String.raw`\b\d{1,2}[/.]\d{1,2}[/.](?:19|20)\d\d\b`,
      String.raw`(?:©|\b(?:copyright(?: \(c\))?|generated in|year))["']?[ =:]+(?:19|20)\d\d\b`,
    ),
  ],
  ['cpu-flags', anyOf(String.raw`${CPU_FLAG}(?: +${CPU_FLAG})*`)],
  [
    'core-count',
    anyOf(
      String.raw`(?:-j ?|--jobs[ =])\d+`,
      String.raw`(?:\b|_)(?:jobs|n(?:um)?_?cpus?|nproc|cores|threads|parallel(?:_level)?)["']?[ =:]+\d+`,
    ),
  ],
  [
    'process-id',
    anyOf(String.raw`\b(?:pid|process)["']?[ =:]+\d+`, String.raw`\.pid\d+`, String.raw`\$\$\d+`),
  ],
  [
    'user-name',
    anyOf(
      String.raw`\b(?:user|username|logname|(?:built|compiled|generated|created)[ -]?by|maintainer|packager)["']?[ =:]+["']?[\w.@-]+`,
    ),
  ],
  [
    'host-name',
    anyOf(
      String.raw`\b(?:host|hostname|node ?name|build[ -]?host|built on|compiled on)["']?[ =:]+["']?[\w.-]+`,
      String.raw`\b(?:Linux|Darwin) (?!\d)[\w.-]+(?= \d+\.\d+)`,
    ),
  ],
  [
    'kernel',
    anyOf(
      String.raw`\b(?:Linux|Darwin)(?: |-)\d+\.\d+[\w.+-]*(?: #\S+(?: SMP\b)?(?: PREEMPT\w*\b)?)?`,
      String.raw`\b(?:kernel|uname|osrelease)(?: -\w+)?(?:[_ ](?:version|release))?["']?[ =:]+["']?\d+\.\d+[\w.+-]*`,
    ),
  ],
  ['locale', anyOf(String.raw`\b(?:LANG|LANGUAGE|LC_[A-Z]+|locale|charset|codeset)["']?[ =:]+["']?[\w.@-]+`)],
  ['random', anyOf(String.raw`/tmp/(?:tmp[._]?\w{6,10}|cc\w{6})(?!\w)(?:\.\w+)?`)],
  ['path', anyOf(String.raw`(?:\/[\w.+@=~-]+){2,}\/?`, String.raw`(?<=^|[\s"'=:])\/\w[\w.+@=~-]*\/?`)],
  [
    'random',
    anyOf(
      String.raw`\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b`,
      String.raw`\b[0-9a-f]{12,128}\b`,
      String.raw`\b0x[0-9a-f]{8,16}\b`,
      String.raw`(?<=_)[0-9a-f]{8}(?=_|\b)`,
      String.raw`\b(?:seed|nonce|random|uuid|id)["']?[ =:]+\w+`,
    ),
  ],
];

function anyOf(...patterns: string[]): RegExp {
  return new RegExp(patterns.join('|'), 'gi');
}

/** Longer texts are not searched for traces: each match is a string of its own. */
const MOST_CHARACTERS = 2 ** 21;

/** Texts of each build that say where it was installed: Spack replaces them when it installs. */
export interface Prefixes {
  first: readonly string[];
  second: readonly string[];
}

const PADDING = /\/__spack_path_placeholder__.*$/;

/**
 * Finds the machine's part of two install prefixes: everything before their common ending. Dependencies have
 * the same part in front of theirs. Spack's own scripts are named without the padding.
 * @param first absolute, without a leading slash
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

/** Replaces the place of installation in a text by `@PREFIX@`. */
export function withoutPrefix(text: string, prefixes: readonly string[]): string {
  return prefixes.reduce((changed, prefix) => changed.replaceAll(prefix, '@PREFIX@'), text);
}

/**
 * The reason why a file differs between two builds; undefined when it differs only by the prefix.
 * @param depth how often it was unpacked: a file may contain itself
 */
export function classify(
  path: string,
  first: Buffer,
  second: Buffer,
  prefixes: Prefixes,
  depth = 0,
): DifferenceCause | undefined {
  const [a, b] = [
    withoutPrefix(first.toString('latin1'), prefixes.first),
    withoutPrefix(second.toString('latin1'), prefixes.second),
  ];
  if (a === b) return undefined;
  if (path.endsWith('.pyc')) return 'python-bytecode';
  if (depth < DEEPEST && a.startsWith('\x1f\x8b') && b.startsWith('\x1f\x8b'))
    return classifyGzip(path, first, second, prefixes, depth);
  const members = depth < DEEPEST && ([readMembers(first), readMembers(second)] as const);
  if (members && members[0] && members[1]) return classifyMembers(members[0], members[1], prefixes, depth);
  const sections = [readElfSections(first), readElfSections(second)] as const;
  if (sections[0] && sections[1]) return classifyElf(sections[0], sections[1], prefixes);
  if (a.startsWith('\x7fELF') && withoutBuildId(a) === withoutBuildId(b)) return 'build-id';
  return classifyText(a, b);
}

/** Depth of unpacking: an archive in a gzip file, and its members. */
const DEEPEST = 2;

function classifyText(a: string, b: string): DifferenceCause {
  if (Math.max(a.length, b.length) > MOST_CHARACTERS) return 'content';
  if (a.replaceAll('\r\n', '\n') === b.replaceAll('\r\n', '\n')) return 'line-ends';
  if (a.length === b.length && [/\n/, /[\s,:;"'()[\]{}]+/].some((separator) => isReordered(a, b, separator)))
    return 'order';
  return findTrace(a, b) ?? 'content';
}

function classifyGzip(
  path: string,
  first: Buffer,
  second: Buffer,
  prefixes: Prefixes,
  depth: number,
): DifferenceCause {
  try {
    const limit = { maxOutputLength: 2 ** 24 };
    const inside = classify(
      path.replace(/\.gz$/, ''),
      gunzipSync(first, limit),
      gunzipSync(second, limit),
      prefixes,
      depth + 1,
    );
    return inside ?? 'gzip-header';
  } catch {
    return 'content';
  }
}

/**
 * Compares archives with the same members: the first member that differs decides, otherwise the order or a
 * header.
 */
function classifyMembers(
  first: readonly ArchiveMember[],
  second: readonly ArchiveMember[],
  prefixes: Prefixes,
  depth: number,
): DifferenceCause {
  if (first.length !== second.length) return 'content';
  const sortedBy = (members: readonly ArchiveMember[]): ArchiveMember[] =>
    members.toSorted((a, b) => compareTexts(a.name, b.name) || Buffer.compare(a.content, b.content));
  const [ones, others] = [sortedBy(first), sortedBy(second)];
  let looks = MOST_MEMBERS;
  for (const [at, member] of ones.entries()) {
    const other = others[at];
    if (other === undefined || member.name !== other.name) return 'content';
    if (member.content.equals(other.content)) continue;
    const cause =
      looks > 0 ? classify(member.name, member.content, other.content, prefixes, depth + 1) : 'content';
    if (cause) return cause;
    looks -= 1;
  }
  return first.every(({ name }, at) => name === second[at]?.name) ? 'archive-header' : 'order';
}

/** Maximum number of members to examine; a cause is usually found much earlier. */
const MOST_MEMBERS = 100;

const DEBUG_SECTION = /^\.(?:rela?\.)?(?:z?debug_|gnu_debuglink|stab)/;
/** Sections that are derived from others. */
const DERIVED_SECTION = /^\.(?:comment|symtab|strtab|shstrtab|eh_frame|eh_frame_hdr|note\.gnu\.build-id)$|^$/;
const CODE_SECTION = /^\.(?:text|init|fini|plt)/;

/**
 * Compares programs and libraries by their sections. A text of another length moves the data after it, so the
 * code refers to other addresses: if the code has the same length, the texts decide.
 */
function classifyElf(
  first: readonly ElfSection[],
  second: readonly ElfSection[],
  prefixes: Prefixes,
): DifferenceCause {
  const pick = (
    sections: readonly ElfSection[],
    own: readonly string[],
    isWanted: (name: string) => boolean,
  ) =>
    sections
      .filter(({ name }) => isWanted(name))
      .map(({ name, text }) => `${name}\0${withoutPrefix(text, own)}`)
      .join('\n');
  const pair = (isWanted: (name: string) => boolean): [string, string] => [
    pick(first, prefixes.first, isWanted),
    pick(second, prefixes.second, isWanted),
  ];
  const isContent = (name: string): boolean => !DEBUG_SECTION.test(name) && !DERIVED_SECTION.test(name);
  const [a, b] = pair(isContent);
  if (a === b) {
    const [debug, otherDebug] = pair((name) => DEBUG_SECTION.test(name));
    if (debug !== otherDebug) return 'debug-info';
    const [symbols, otherSymbols] = pair((name) => name === '.strtab');
    if (symbols !== otherSymbols) return findTrace(symbols, otherSymbols) ?? 'debug-info';
    const [id, otherId] = pair((name) => name === '.note.gnu.build-id');
    return id !== otherId ? 'build-id' : 'content';
  }
  if (Math.max(a.length, b.length) > MOST_CHARACTERS) return 'content';
  const [code, otherCode] = pair((name) => CODE_SECTION.test(name));
  const texts = (text: string): string => (text.match(/[\x20-\x7e]{4,}/g) ?? []).join('\n');
  const [content, otherContent] = pair((name) => isContent(name) && !CODE_SECTION.test(name)).map(texts);
  if (
    code.length !== otherCode.length ||
    content === undefined ||
    otherContent === undefined ||
    content === otherContent
  )
    return findTrace(a, b) ?? 'content';
  return findTrace(content, otherContent) ?? 'content';
}

/**
 * Removes the build ID, the linker's digest of its output, from a file without sections: a note `GNU` of type
 * 3.
 */
function withoutBuildId(text: string): string {
  return text.replaceAll(
    /(\x04\0\0\0[\x08\x10\x14\x20]\0\0\0\x03\0\0\0GNU\0)[^]{8,32}/g,
    (note: string, lead: string) => lead + note.slice(lead.length + note.charCodeAt(4)),
  );
}

function isReordered(a: string, b: string, separator: RegExp): boolean {
  const sorted = (text: string): string => text.split(separator).sort().join('\n');
  return sorted(a) === sorted(b);
}

/** The first kind of trace that explains the difference, alone or together with others. */
function findTrace(a: string, b: string): DifferenceCause | undefined {
  for (const [cause, pattern] of TRACES)
    if (a.replaceAll(pattern, '@') === b.replaceAll(pattern, '@')) return cause;
  let [left, right] = [a, b];
  let firstCause: DifferenceCause | undefined;
  for (const [cause, pattern] of TRACES) {
    const differs = (left.match(pattern) ?? []).join('\n') !== (right.match(pattern) ?? []).join('\n');
    if (differs) firstCause ??= cause;
    [left, right] = [left.replaceAll(pattern, '@'), right.replaceAll(pattern, '@')];
  }
  return left === right ? firstCause : undefined;
}
