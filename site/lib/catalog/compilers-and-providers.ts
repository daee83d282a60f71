import type { Build, Contents } from '../../schemas/build.ts';
import type { CatalogBuild, SiteCatalog } from './site-catalog.ts';
import { compilersOf } from '../spack/spec-text.ts';
import { compareTexts, compareVersions } from '../spack/versions.ts';

/** A compiler, and the builds that used it. */
export interface CompilerGroup {
  name: string;
  version: string;
  /** Sorted. */
  languages: string[];
  builds: CatalogBuild[];
}

/** Compilers of all builds, the most common first. */
export function countCompilers({ builds, nodes }: SiteCatalog): CompilerGroup[] {
  const groups = new Map<string, CompilerGroup & { spoken: Set<string> }>();
  for (const entry of builds.values()) {
    for (const { name, version, languages } of compilersOf(entry.node, nodes)) {
      const key = `${name}@${version}`;
      const group = groups.get(key) ?? { name, version, languages: [], builds: [], spoken: new Set() };
      groups.set(key, group);
      // A build may depend on two compilers of the same name and version.
      if (group.builds.at(-1) !== entry) group.builds.push(entry);
      for (const language of languages) group.spoken.add(language);
    }
  }
  return [...groups.values()]
    .map(({ spoken, ...group }) => ({ ...group, languages: [...spoken].sort(compareTexts) }))
    .sort(
      (left, right) =>
        right.builds.length - left.builds.length ||
        compareTexts(left.name, right.name) ||
        compareVersions(right.version, left.version),
    );
}

/** The packages that have each file, for the files that `list` finds in builds; sorted. */
export function groupProviders(
  builds: Iterable<Build>,
  list: (contents: Contents) => readonly string[],
): { name: string; packages: string[] }[] {
  const providers = new Map<string, Set<string>>();
  for (const { name, contents } of builds) {
    for (const file of list(contents)) providers.set(file, (providers.get(file) ?? new Set()).add(name));
  }
  return [...providers]
    .sort(([left], [right]) => compareTexts(left, right))
    .map(([name, packages]) => ({ name, packages: [...packages].sort(compareTexts) }));
}
