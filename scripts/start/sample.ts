import { catalogPath, buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { DAY_MS, isoSeconds } from '../../site/lib/format.ts';
import { closureOf, type SpecNode } from '../../site/lib/spack/dag.ts';
import { computeDagHash } from '../build-cache/spec-file.ts';
import { formatJson } from '../../site/lib/json.ts';
import type { Build } from '../../site/schemas/build.ts';
import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import { Node, targetOf } from '../../site/schemas/node.ts';
import { LockFile, SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { MonthlyStats } from '../../site/schemas/monthly-stats.ts';
import { Package } from '../../site/schemas/package.ts';
import { readCatalog, addFiles, type NewFile } from '../catalog/catalog.ts';

/** Recipe information on the sample's packages: description, homepage, license, tags. */
const PACKAGES: Record<string, [string, string, string, ...string[]]> = {
  bzip2: [
    'bzip2 is a freely available, patent free high-quality data compressor. It typically compresses files to within 10% to 15% of the best available techniques, whilst being around twice as fast at compression and six times faster at decompression.',
    'https://sourceware.org/bzip2/',
    'bzip2-1.0.6',
    'core-packages',
  ],
  'gcc-runtime': [
    'Package for GCC compiler runtime libraries',
    'https://gcc.gnu.org',
    'GPL-3.0-or-later WITH GCC-exception-3.1',
    'runtime',
  ],
  jansson: [
    'Jansson is a C library for encoding, decoding and manipulating JSON data.',
    'https://www.digip.org/jansson/',
    'MIT',
  ],
  libbsd: [
    'This library provides useful functions commonly found on BSD systems, and lacking on others like GNU systems, thus making it easier to port projects with strong BSD origins, without needing to embed the same code over and over again on each project.',
    'https://libbsd.freedesktop.org/wiki/',
    'BSD-3-Clause',
  ],
  libmd: [
    'This library provides message digest functions found on BSD systems either on their libc (NetBSD, OpenBSD) or libmd (FreeBSD, DragonflyBSD, macOS, Solaris) libraries and lacking on others like GNU systems.',
    'https://www.hadrons.org/software/libmd/',
    'BSD-3-Clause',
  ],
  libsigsegv: [
    'GNU libsigsegv is a library for handling page faults in user mode.',
    'https://www.gnu.org/software/libsigsegv/',
    'GPL-2.0-or-later',
  ],
  lz4: [
    'LZ4 is a lossless compression algorithm, providing compression speeds over 400 MB/s per core, scalable with multi-core CPUs.',
    'https://lz4.github.io/lz4/',
    'BSD-2-Clause',
  ],
  tree: [
    'Tree is a recursive directory listing command that produces a depth indented listing of files, which is colorized ala dircolors if the LS_COLORS environment variable is set and output is to tty.',
    'https://oldmanprogrammer.net/source.php?dir=projects/tree',
    'GPL-2.0-or-later',
  ],
};

const RECIPES = { packages: '119680aeee8ea802c6111b7167583bddef97e82f', release: 'v2025.11.0' };
/** A version missing from those recipes, used in the environment's next solution. */
const NEXT_LZ4 = '1.10.0';
/** Newer recipes, and their preferred versions according to `refresh`; for gcc-runtime the recipe changed. */
const NEWER = {
  release: 'v2026.06.0',
  commit: 'd4f7c711a6a42f1c4d551c8fd10fce9a11340a81',
  date: '2026-06-20T21:30:42Z',
};
const NEWEST: Record<string, string | undefined> = {
  'gcc-runtime': undefined,
  libbsd: '0.12.2',
  libmd: '1.1.0',
  libsigsegv: '2.15',
  lz4: NEXT_LZ4,
};
/** A package that newer recipes do not change. */
const CURRENT = 'tree';

/** Roots of the sample's environment, and its target. */
const ROOTS = ['tree', 'bzip2', 'lz4'];
const TARGET = 'x86_64_v3';

/**
 * Adds to the sample's catalog the data that workflows add on GitHub, so that every kind of page has content:
 * descriptions, an environment with a newer solution that waits, a failure, and a history of two months.
 */
export function fillSample(directory: string, now: Date): void {
  const { builds, nodes } = readCatalog(directory);
  const daysAgo = (days: number): string => isoSeconds(new Date(now.getTime() - days * DAY_MS));
  const packages = Object.entries(PACKAGES).map(
    ([name, [description, homepage, license, ...tags]]): NewFile => ({
      path: catalogPath('packages', name),
      content: formatJson(
        Package.parse({ name, description, homepage, licenses: [license], maintainers: [], tags }),
      ),
    }),
  );
  // The newest is from today, the others are spread over the previous weeks.
  const history = [...builds.values()].map((build, index): NewFile => ({
    path: buildFile(build),
    content: formatJson({
      ...build,
      published: daysAgo(index * 8),
      origin: { ...build.origin, ...RECIPES },
    }),
    replace: true,
  }));
  // One build of each root, as in an environment that is concretized together.
  const roots = ROOTS.flatMap((root) => {
    const own = [...nodes.values()].filter(({ node }) => node.name === root && builds.has(node.hash));
    return own.find(({ node }) => targetOf(node) === TARGET) ?? own[0] ?? [];
  });
  const lock = lockOf(roots, nodes);
  const next = lockOf(
    roots.map((root) => (root.node.name === 'lz4' ? renewLz4(root) : root)),
    nodes,
  );
  const solved = { targets: { [TARGET]: { release: NEWER.release, date: daysAgo(0) } }, next };
  addFiles(directory, [
    ...packages,
    ...history,
    {
      path: catalogPath('environments', 'basics'),
      content: `spack:\n  specs:\n${ROOTS.map((name) => `  - ${name}\n`).join('')}`,
    },
    { path: catalogPath('locks', 'basics'), content: formatJson(lock) },
    { path: catalogPath('solved', 'basics'), content: formatJson(SolvedEnvironment.parse(solved)) },
    { path: catalogPath('checks', 'recipes'), content: formatJson(compareSample([...builds.values()])) },
    { path: catalogPath('failures', 'zstd/sample'), content: formatJson(sampleFailure(daysAgo(20))) },
    ...[daysAgo(40), daysAgo(0)].map((date, index): NewFile => {
      const month = date.slice(0, 7);
      const numbers = MonthlyStats.parse({
        month,
        builds: index === 0 ? 5 : 3,
        failures: index === 0 ? 0 : 1,
      });
      return { path: catalogPath('stats', month), content: formatJson(numbers) };
    }),
  ]);
}

function lockOf(roots: readonly SpecNode[], nodes: ReadonlyMap<string, SpecNode>): LockFile {
  const all = new Map([...nodes, ...roots.map((root) => [root.node.hash, root] as const)]);
  const needed = new Set(roots.flatMap(({ node }) => [node.hash, ...closureOf(node.hash, all)]));
  return LockFile.parse({
    _meta: { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 },
    roots: roots.map(({ node }) => ({ hash: node.hash, spec: node.name })),
    concrete_specs: Object.fromEntries(
      [...all].flatMap(([hash, { text }]) => (needed.has(hash) ? [[hash, JSON.parse(text)]] : [])),
    ),
  });
}

/** The build of lz4 with newer recipes, with its own hash. */
function renewLz4({ text }: SpecNode): SpecNode {
  const node = { ...Node.parse(JSON.parse(text)), version: NEXT_LZ4 };
  const hash = computeDagHash(JSON.stringify(node));
  return { node: { ...node, hash }, text: JSON.stringify({ ...node, hash }) };
}

function compareSample(builds: readonly Build[]): RecipeComparison {
  const { release, date } = NEWER;
  const older = Map.groupBy(builds, ({ name }) => (name in NEWEST || name === CURRENT ? name : ''));
  const hashesOf = (name: string): string[] => (older.get(name) ?? []).map(({ hash }) => hash);
  return RecipeComparison.parse({
    ...NEWER,
    current: hashesOf(CURRENT),
    noNewer: hashesOf(''),
    older: Object.entries(NEWEST).flatMap(([name, newest]) => {
      const version = older.get(name)?.[0]?.version;
      if (version === undefined) return [];
      const why = newest === undefined ? 'recipe' : 'version';
      return { why, name, version, newest, hashes: hashesOf(name), since: { release, date } };
    }),
  });
}

function sampleFailure(date: string): Failure {
  const line = "zstd_compress.c:21:10: fatal error: 'mem.h' file not found";
  return Failure.parse({
    name: 'zstd',
    spec: 'zstd@1.5.7 +programs build_system=makefile target=x86_64_v3',
    target: 'x86_64_v3',
    kind: 'compile',
    phase: 'build',
    line,
    log: [
      '==> zstd: Executing phase: build',
      "'make' '-j4' 'VERBOSE=1' '-C' 'lib'",
      'cc -O3 -fPIC -c -o obj/zstd_compress.o compress/zstd_compress.c',
      line,
      '1 error generated.',
      'make: *** [Makefile:310: obj/zstd_compress.o] Error 1',
      'ProcessError: Command exited with status 2:',
    ],
    date,
  });
}
