import type { Contents } from '../../site/schemas/build.ts';
import type { PrefixListing } from './tar/listing.ts';

/** Of programs, and of libraries: the build's record and its page name each. The largest packages have some 1,000. */
const NAMES_LIMIT = 2_000;
const NAMES_LIMIT_CHARACTERS = 64 * 1024;

/** What an install prefix puts where its users look for it. Throws when that is more than a record can hold. */
export function describeContents({ prefix, entries }: PrefixListing, glibc: string | undefined): Contents {
  const programs = new Set<string>();
  const libraries = new Set<string>();
  for (const [path, { kind, executable }] of entries) {
    if (kind === 'directory') continue;
    const program = /^s?bin\/([^/]+)$/.exec(path)?.[1];
    if (program !== undefined && (executable || kind === 'symbolic link')) programs.add(program);
    const library = /^lib[^/]*\/(?:.*\/)?(lib[^/]+\.(?:so(?:\.\d+)*|dylib))$/s.exec(path)?.[1];
    if (library !== undefined) libraries.add(library);
  }
  return {
    prefix: `/${prefix}`,
    programs: sortNames(programs, 'programs'),
    libraries: sortNames(libraries, 'libraries'),
    ...(glibc === undefined ? {} : { glibc }),
  };
}

function sortNames(names: ReadonlySet<string>, kind: string): string[] {
  const sorted = [...names].sort();
  const characters = sorted.join('').length;
  if (sorted.length <= NAMES_LIMIT && characters <= NAMES_LIMIT_CHARACTERS) return sorted;
  throw new Error(
    `expected at most ${NAMES_LIMIT} ${kind} with ${NAMES_LIMIT_CHARACTERS} characters in their names, ` +
      `found ${sorted.length} with ${characters}`,
  );
}
