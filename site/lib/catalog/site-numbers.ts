import { targetOf } from '../../schemas/node.ts';
import type { SiteCatalog } from './site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';

/** Totals of the whole cache. */
export interface SiteNumbers {
  packages: number;
  builds: number;
  /** Builds by target, the target with most builds first. */
  targets: { name: string; builds: number }[];
  /** Builds that this site serves with all their run-time dependencies. */
  buildsOnSite: number;
  /** Builds whose manifest has no signature. */
  unsigned: number;
  /** Bytes of all tarballs. */
  size: number;
  /** When the newest build was published. Absent if the cache is empty. */
  updated?: string | undefined;
}

/** Counts the whole cache. */
export function countSite({ builds, packages }: SiteCatalog): SiteNumbers {
  const targets = new Map<string, number>();
  let [buildsOnSite, unsigned, size] = [0, 0, 0];
  for (const { build, node, state, signed } of builds.values()) {
    const target = targetOf(node);
    targets.set(target, (targets.get(target) ?? 0) + 1);
    size += build.tarball.size;
    if (state === 'site') buildsOnSite += 1;
    if (!signed) unsigned += 1;
  }
  const [newest] = builds.values();
  return {
    packages: packages.size,
    builds: builds.size,
    targets: [...targets]
      .map(([name, count]) => ({ name, builds: count }))
      .sort((left, right) => right.builds - left.builds || compareTexts(left.name, right.name)),
    buildsOnSite,
    unsigned,
    size,
    updated: newest?.build.published,
  };
}
