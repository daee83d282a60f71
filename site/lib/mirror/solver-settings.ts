import { formatList } from '../format.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { targetOf } from '../../schemas/node.ts';
import { dependencyHashes, walk, type SpecNode } from '../spack/dag.ts';
import { nodeOf } from '../spack/database.ts';
import { compilersOf } from '../spack/spec-text.ts';
import { familyOf } from '../spack/targets.ts';
import { compareTexts } from '../spack/versions.ts';
import type { BinarySet } from './views.ts';

/** Preferences that make the solver choose the builds of a view. */
export interface SolverFacts {
  /** Microarchitecture of most builds, one for each family. */
  targets: string[];
  /** Compiler of most builds, if the cache has a binary of it, keyed by language (`c`, `cxx`, `fortran`). */
  compilers: Map<string, string>;
  /** Other compilers, which came with the systems of the builders: `gcc@13.3.0`. */
  systemCompilers: string[];
}

/** Maximum number of compilers in a comment. */
const MAX_NAMED = 5;

/** Target and compilers of one build. */
interface BuildFacts {
  /** Undefined for scripts and data, which do not depend on a CPU. */
  target?: string;
  /** Pairs of language and compiler. The compiler is empty if the cache has no binary of it. */
  languages: (readonly [string, string])[];
  systemCompilers: string[];
}

/** Counts targets and compilers of views' builds. It reads each build once, even if many views have it. */
export function createSolverFacts(
  nodes: ReadonlyMap<DagHash, SpecNode>,
  binaries: BinarySet,
): (hashes: readonly DagHash[]) => SolverFacts {
  const factsOf = new Map<DagHash, BuildFacts>();
  const compilerParts = findCompilerParts(nodes, binaries);
  const read = (hash: DagHash): BuildFacts => {
    const facts = factsOf.get(hash) ?? readFacts(hash, nodes, binaries, compilerParts);
    factsOf.set(hash, facts);
    return facts;
  };
  return (hashes) => sumFacts(hashes.map(read));
}

/** Compilers with a binary that were used, and all that they depend on. */
function findCompilerParts(nodes: ReadonlyMap<DagHash, SpecNode>, binaries: BinarySet): ReadonlySet<DagHash> {
  const compilers = [...nodes.values()].flatMap(({ node }) =>
    compilersOf(node, nodes).map(({ hash }) => hash),
  );
  return new Set(
    walk(
      compilers.filter((hash) => binaries.has(hash)),
      (hash, from) => dependencyHashes(nodeOf(hash, from ?? hash, nodes).node),
    ),
  );
}

/** Facts of a build. Those of a compiler are without the compiler that it was made with, which nothing else needs. */
function readFacts(
  hash: DagHash,
  nodes: ReadonlyMap<DagHash, SpecNode>,
  binaries: BinarySet,
  compilerParts: ReadonlySet<DagHash>,
): BuildFacts {
  const { node } = nodeOf(hash, hash, nodes);
  const used = compilerParts.has(hash) ? [] : compilersOf(node, nodes);
  const compilers = used.map(({ name, version, ...compiler }) => ({
    spec: `${name}@${version}`,
    languages: compiler.languages,
    isCached: binaries.has(compiler.hash),
  }));
  return {
    ...(node.dependencies.length > 0 ? { target: targetOf(node) } : {}),
    languages: compilers.flatMap(({ spec, languages, isCached }) =>
      languages.map((language) => [language, isCached ? spec : ''] as const),
    ),
    systemCompilers: compilers.flatMap(({ spec, isCached }) => (isCached ? [] : [spec])),
  };
}

function sumFacts(builds: readonly BuildFacts[]): SolverFacts {
  const targets = new Map<string, Map<string, number>>();
  const languages = new Map<string, Map<string, number>>();
  const system = new Set<string>();
  for (const build of builds) {
    if (build.target !== undefined) count(targets, familyOf(build.target), build.target);
    for (const [language, compiler] of build.languages) count(languages, language, compiler);
    for (const compiler of build.systemCompilers) system.add(compiler);
  }
  const most = (counts: Map<string, Map<string, number>>): Map<string, string> =>
    new Map(
      [...counts]
        .sort(([a], [b]) => compareTexts(a, b))
        .flatMap(([key, values]) => {
          const [best] = [...values].sort(([a, x], [b, y]) => y - x || compareTexts(a, b));
          return best && best[0] !== '' ? [[key, best[0]] as const] : [];
        }),
    );
  return {
    targets: [...most(targets).values()],
    compilers: most(languages),
    systemCompilers: [...system].sort(compareTexts),
  };
}

/** Lines of the `packages:` and `concretizer:` sections of a settings file. */
export function solverLines({ targets, compilers, systemCompilers }: SolverFacts): string[] {
  const named = formatList(systemCompilers, MAX_NAMED);
  // Spack ignores a preference of a version below the name of a virtual, such as `c`.
  const preferred = [
    ...targets.map((target) => `target=${target}`),
    ...[...compilers].map(([language, compiler]) => `"%${language}=${compiler}"`),
  ];
  return [
    ...(named === '' ? [] : [`# Built with compilers of the builders' systems (${named}). Packages`]),
    ...(named === '' ? [] : ['# that are not here are built with yours.']),
    ...(preferred.length === 0 ? [] : ['packages:', '  all:', '    prefer:']),
    ...preferred.map((constraint) => `    - ${constraint}`),
    'concretizer:',
    '  reuse:',
    '    from:',
    '    - type: buildcache',
    '    - type: local',
  ];
}

function count(counts: Map<string, Map<string, number>>, key: string, value: string): void {
  const values = counts.get(key) ?? new Map<string, number>();
  counts.set(key, values.set(value, (values.get(value) ?? 0) + 1));
}
