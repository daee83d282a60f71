import { hash as digest } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  microarchitectureOf,
  type BuildCacheSettings,
  type Target,
} from '../../site/schemas/build-cache-settings.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { MatrixEntry, RecipeSource } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { hashesOf } from '../../site/schemas/node.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { writePlanFiles, composeSpackYaml } from '../concretize/plan-files.ts';
import { composeLock } from '../waves/part-folder.ts';

/** Metadata of a lock that every version of Spack from 1.0 on can read. */
const LOCK_META = { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 };
/**
 * The packages are built from source even if the cache has them, with another number of jobs than the
 * default.
 */
const FLAGS = ['--use-buildcache', 'package:never,dependencies:auto', '--jobs', '2'];

/** Builds to repeat. */
export interface RebuildChoice {
  builds: Build[];
  target: Target;
  /** Reasons why requested builds are left for another run, one sentence each. */
  notes: string[];
}

/** Request of a person. */
export interface RebuildWish {
  /** `/hash`, `name` or `name@version`; empty: a random selection. */
  words: readonly string[];
  /** Maximum number of builds in a random selection. */
  count: number;
  /** Seed of the random selection. */
  seed: string;
  /** Hashes of builds that were reproduced already: selected last. */
  alike: ReadonlySet<DagHash>;
}

/**
 * Chooses builds that one job can repeat: with the same Spack, recipes, target and container as the first of
 * them, and none that another of them needs. Throws when a word names no build, or when no build can be repeated.
 */
export function chooseRebuild(
  { builds, nodes }: Pick<Catalog, 'builds' | 'nodes'>,
  wish: RebuildWish,
  settings: BuildCacheSettings,
): RebuildChoice {
  const all = [...builds.values()];
  const isNamed = wish.words.length > 0;
  const wanted = isNamed ? wish.words.map((word) => findBuild(word, all)) : draw(all, wish);
  const problemOf = (build: Build): string | undefined => {
    const { spack, packages, target, imported } = build.origin;
    if (imported) return 'it was imported';
    if (!spack || !packages || !target) return 'its record does not name its Spack, recipes and target';
    return settings.targets.some(({ name }) => name === target)
      ? undefined
      : `the settings have no target "${target}"`;
  };
  const notes: string[] = [];
  const leave = (build: Build, reason: string): void => {
    if (isNamed) notes.push(`${build.name}@${build.version}/${build.hash} is not rebuilt: ${reason}`);
  };
  const possible = [...new Set(wanted)].filter((build) => {
    const problem = problemOf(build);
    if (problem !== undefined) leave(build, problem);
    return problem === undefined;
  });
  const [first] = possible;
  const target = settings.targets.find(({ name }) => name === first?.origin.target);
  if (!first || !target)
    throw new Error(
      `expected a build that can be rebuilt, found ${notes[0] ?? 'none in the catalog whose record names its Spack'}`,
    );
  const chosen: Build[] = [];
  const closures = new Map(possible.map(({ hash }) => [hash, new Set(walk([hash], needsIn(nodes)))]));
  for (const build of possible) {
    if (!isNamed && chosen.length === wish.count) break;
    const isAlike = (['spack', 'packages', 'target', 'container'] as const).every(
      (key) => build.origin[key] === first.origin[key],
    );
    const isApart = chosen.every(
      ({ name, version, hash }) =>
        !closures.get(hash)?.has(build.hash) &&
        !closures.get(build.hash)?.has(hash) &&
        !(name === build.name && version === build.version),
    );
    if (isAlike && isApart) chosen.push(build);
    else
      leave(
        build,
        isAlike
          ? 'another chosen build needs it, is needed by it, or has its name and version; rebuild it in a separate run'
          : 'it has another Spack, other recipes, another target or another container than the first; rebuild it in a separate run',
      );
  }
  // The settings may name a newer image since, with another compiler.
  const { container = target.container } = first.origin;
  return { builds: chosen, target: { ...target, container }, notes };
}

function findBuild(word: string, all: readonly Build[]): Build {
  const [, name = '', version, hash] = /^([^@/]*)(?:@=?([^/]+))?(?:\/(.+))?$/.exec(word) ?? [];
  const matches = all
    .filter(
      (build) =>
        (name === '' || build.name === name) &&
        (version === undefined || build.version === version) &&
        (hash === undefined || build.hash.startsWith(hash)),
    )
    .sort((a, b) => compareTexts(b.published, a.published));
  const [newest] = matches;
  if (newest && (name !== '' || hash)) return newest;
  throw new Error(
    `"${word.slice(0, 100)}": expected a build of the catalog as NAME, NAME@VERSION or /HASH, found none; ` +
      'the page of a build shows its hash',
  );
}

/** Shuffles builds by the seed; those that were reproduced already are last. */
function draw(all: readonly Build[], { seed, alike }: RebuildWish): Build[] {
  const place = ({ hash }: Build): string =>
    `${alike.has(hash) ? 1 : 0} ${digest('sha256', `${seed} ${hash}`)}`;
  return all
    .filter(({ origin }) => !origin.imported)
    .map((build) => ({ build, at: place(build) }))
    .sort((a, b) => compareTexts(a.at, b.at))
    .map(({ build }) => build);
}

/**
 * Writes the folder of a plan as concretize does: `spack.yaml`, `spack.lock`, `plan.txt` and `inputs.json`,
 * with the text of the catalog's nodes unchanged.
 */
export function writeRebuild(
  { builds, target }: RebuildChoice,
  nodes: Catalog['nodes'],
  folder: string,
  repositories: RecipeSource[],
): MatrixEntry {
  mkdirSync(folder, { recursive: true });
  const roots = builds.map(({ name, version, hash }) => ({ hash, spec: `${name}@=${version}` }));
  const hashes = roots.map(({ hash }) => hash).sort();
  const texts = new Map([...nodes].map(([hash, { text }]) => [hash, text]));
  const lock = composeLock(JSON.stringify({ _meta: LOCK_META }), roots, walk(hashes, needsIn(nodes)), texts);
  const specs = roots.map(({ spec }) => spec);
  writeFileSync(join(folder, 'spack.lock'), lock);
  writeFileSync(join(folder, 'spack.yaml'), composeSpackYaml(specs));
  const { spack = '', packages = '' } = builds[0]?.origin ?? {};
  const inputs = {
    request: { index: 0, specs, target: target.name, fresh: false, container: false, flags: FLAGS },
    microarchitecture: microarchitectureOf(target),
    spack,
    packages,
    repositories,
  };
  return writePlanFiles(folder, hashes, inputs, target);
}

function needsIn(nodes: Catalog['nodes']): (hash: DagHash) => DagHash[] {
  return (hash) => hashesOf(nodes.get(hash)?.node);
}
