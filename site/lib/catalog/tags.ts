import type { CatalogPackage } from './site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';

/** One of Spack's package tags, and the packages that have it. */
export interface Tag {
  name: string;
  packages: CatalogPackage[];
}

/** Tags by name. */
export function groupByTag(packages: Iterable<CatalogPackage>): Tag[] {
  const tags = new Map<string, CatalogPackage[]>();
  for (const entry of packages) {
    for (const name of new Set(entry.metadata?.tags)) {
      const members = tags.get(name);
      if (members) members.push(entry);
      else tags.set(name, [entry]);
    }
  }
  return [...tags]
    .map(([name, members]) => ({ name, packages: members }))
    .sort((left, right) => compareTexts(left.name, right.name));
}

/** Whether a tag has its own page. Tags are free text, and not every text can be a file name. */
export function hasTagPage(tag: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_+-]{0,99}$/.test(tag);
}
