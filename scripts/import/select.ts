import type { LockFile } from '../../site/schemas/lock-file.ts';
import { isInRanges, parseVersionRanges } from '../../site/lib/spack/version-ranges.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { SourceBuild } from './source.ts';

/** The requested part of a source: all of it by default. */
export interface ImportSelection {
  /** `name`, `name@version`, `name@low:high`, with `target=name`, or `/hash`. */
  specs: readonly string[];
  lock?: LockFile | undefined;
}

/** Form of a spec: `name@1.2:1.4 target=x86_64_v3` */
const SPEC =
  /^(?:(?<name>[A-Za-z0-9_][\w-]*))?(?:@(?<versions>[\w.:,=/-]+))?(?: +target=(?<target>[\w.-]+))?$/;

/**
 * Selects builds with their run-time dependencies, in the order of the list. Throws for a spec that is
 * invalid or that no build of the source matches.
 */
export function selectBuilds(
  builds: readonly SourceBuild[],
  { specs, lock }: ImportSelection,
): SourceBuild[] {
  if (specs.length === 0 && !lock) return [...builds];
  const byHash = new Map(builds.map((build) => [build.hash, build]));
  const wanted = new Set<DagHash>();
  for (const hash of Object.keys(lock?.concrete_specs ?? {})) if (byHash.has(hash)) wanted.add(hash);
  if (lock && wanted.size === 0)
    throw new Error(
      'the lock: expected specs that the source has, found none; concretize with the source as a mirror',
    );
  for (const spec of specs) {
    const fits = parseSpec(spec);
    const selected = builds.filter(fits);
    if (selected.length === 0)
      throw new Error(
        `"${spec}": expected a spec that the source has, found no match in ${builds.length} builds`,
      );
    for (const { hash } of selected) wanted.add(hash);
  }
  for (const hash of wanted)
    for (const need of byHash.get(hash)?.needs ?? []) if (byHash.has(need)) wanted.add(need);
  return builds.filter(({ hash }) => wanted.has(hash));
}

function parseSpec(text: string): (build: SourceBuild) => boolean {
  const spec = text.trim();
  if (/^\/[a-z2-7]{1,32}$/.test(spec)) return ({ hash }) => hash.startsWith(spec.slice(1));
  const { name, versions, target } = SPEC.exec(spec)?.groups ?? {};
  if (name === undefined) {
    throw new Error(
      `"${text}": expected name, name@version, name@low:high, each also followed by target=name, or /hash, found something else; ` +
        'for more, concretize with Spack and use --lock',
    );
  }
  const ranges = parseVersionRanges(versions ?? ':');
  if (ranges === undefined)
    throw new Error(
      `"${text}": expected versions after @ as Spack writes them, 1.2, =1.2.3 or 1.2:1.4, found others`,
    );
  return (build) =>
    build.name === name &&
    (target === undefined || build.target === target) &&
    isInRanges(build.version, ranges);
}
