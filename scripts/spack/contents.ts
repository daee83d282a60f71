import type { Contents } from '../../site/schemas/build.ts';
import type { PrefixListing } from './tar-listing.ts';

/** What an install prefix puts where its users look for it. */
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
    programs: [...programs].sort(),
    libraries: [...libraries].sort(),
    ...(glibc === undefined ? {} : { glibc }),
  };
}
