import { compareParsed, nextVersion, parseVersion, type ParsedVersion } from './versions.ts';

/**
 * One part of the text after `@` in a spec. Parts are intervals in Spack's order of versions, so that matches
 * in a sorted list can be found by bisection.
 */
export interface VersionRange {
  /** Negative: the version is below the interval; 0: in it; positive: above it. */
  compare(version: string): number;
  /**
   * Whether a version in the interval matches: git versions match only their own name
   * or an interval of versions.
   */
  fits(version: string): boolean;
}

/** Source: `VERSION` in Spack's spec_parser.py, which ends at the end of a word. */
const VERSION = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
/** A branch, tag or commit. Source: `is_git_version`. */
const GIT_VERSION = /^(?:git\.|[a-f0-9]{40}$)/;
/** A text with this beginning is never a range for Spack's parser. Source: `GIT_VERSION_PATTERN`. */
const GIT_START = /^(?:git\.[A-Za-z0-9_]|[A-Fa-f0-9]{40})/;
const GIT_VERSION_WITH_NUMBER = /^(?:git\.([A-Za-z0-9_][A-Za-z0-9_./-]*)|([A-Fa-f0-9]{40}))=(.+)$/;

/**
 * Parses the text after `@` in a spec: `1.14` (1.14 and all versions that begin with it, such as 1.14.6),
 * `=1.14` (only that one), `1.12:1.14`, `1.12:`, `:1.14`, `git.main=1.14`, or several joined by `,`.
 * Undefined: Spack refuses it, or it is a git reference without a version, which Spack would look up in a
 * repository. Source: `from_string` in version_types.py and `SpecTokens`.
 */
export function parseVersionRanges(text: string): VersionRange[] | undefined {
  const named = parseGitVersion(text);
  if (named) return [gitRange(named)];
  if (GIT_START.test(text)) return undefined;
  const ranges = text.split(',').map(parseRange);
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

/** Whether a version is in one of the ranges, like Spack's `Version.satisfies`. */
export function isInRanges(version: string, ranges: readonly VersionRange[]): boolean {
  return ranges.some((range) => range.compare(version) === 0 && range.fits(version));
}

function parseRange(part: string): VersionRange | undefined {
  const [low, high = low, more] = part.split(':');
  if (low === undefined || high === undefined || more !== undefined) return undefined;
  if (!part.includes(':')) {
    const exact = part.replace(/^=/, '');
    if (!VERSION.test(exact) || GIT_VERSION.test(exact)) return undefined;
    if (part.startsWith('=')) return exactRange(exact);
  }
  // In a range, `git.1` is an ordinary version.
  if ([low, high].some((bound) => bound !== '' && !VERSION.test(bound))) return undefined;
  return interval(
    low === '' ? undefined : parseVersion(low),
    high === '' ? undefined : nextVersion(parseVersion(high)),
  );
}

/** Interval from a version (inclusive) to another (exclusive). Undefined: it ends before it begins. */
function interval(from?: ParsedVersion, below?: ParsedVersion): VersionRange | undefined {
  if (from && below && compareParsed(below, from) < 0) return undefined;
  return {
    compare: (version) => {
      const parsed = parseVersion(version);
      if (from && compareParsed(parsed, from) < 0) return -1;
      return below && compareParsed(parsed, below) >= 0 ? 1 : 0;
    },
    fits: () => true,
  };
}

/** Range of one version. `1-0` is the same version as `1.0`. */
function exactRange(exact: string): VersionRange {
  const wanted = parseVersion(exact);
  return {
    compare: (version) => compareParsed(parseVersion(version), wanted),
    fits: (version) => parseGitVersion(version) === undefined,
  };
}

interface GitVersion {
  reference: string;
  version: string;
}

function gitRange({ reference, version: wanted }: GitVersion): VersionRange {
  return {
    ...exactRange(wanted),
    fits: (version) => parseGitVersion(version)?.reference === reference,
  };
}

function parseGitVersion(text: string): GitVersion | undefined {
  const [, named, commit, version] = GIT_VERSION_WITH_NUMBER.exec(text) ?? [];
  const reference = named ?? commit;
  if (reference === undefined || version === undefined || !VERSION.test(version)) return undefined;
  return { reference, version };
}
