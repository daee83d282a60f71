import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listSettings } from '../../site/lib/mirror/consumer-settings.ts';
import { createSolverFacts } from '../../site/lib/mirror/solver-settings.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';
import { runtimeClosure } from '../../site/lib/mirror/views.ts';
import { databaseText } from '../../site/lib/spack/database.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { findRecipes, findSolvers, openSpack, SOLVER_ADVICE } from '../world/spack.ts';
import { writeIndex, writeRecipes } from './why-world.ts';

const MINUTES = 60_000;
// Spack 1.1 and newer include the package classes.
const spacks = process.env['FULL'] ? findSolvers().filter(({ version }) => !version.startsWith('1.0')) : [];
const SCRIPT = join(import.meta.dirname, '../world/other-system.py');

/** What Spack finds on a machine. */
interface System {
  os: [name: string, version: string];
  glibc: string;
  gcc: string;
}

/** The container that the default target builds in. */
const BUILDER: System = { os: ['almalinux', '8'], glibc: '2.28', gcc: '14.2.1' };
const CONSUMERS: System[] = [
  { os: ['rocky', '8'], glibc: '2.28', gcc: '8.5.0' },
  { os: ['debian', '12'], glibc: '2.36', gcc: '12.2.0' },
  { os: ['ubuntu', '22.04'], glibc: '2.35', gcc: '11.4.0' },
  { os: ['ubuntu', '24.04'], glibc: '2.39', gcc: '13.3.0' },
  { os: ['fedora', '42'], glibc: '2.41', gcc: '15.1.1' },
];

/** Too old for the builds of the container. */
const TOO_OLD: System = { os: ['rhel', '7'], glibc: '2.17', gcc: '12.2.0' };

/** An environment's packages: each links with two others, and runs a third. */
const PACKAGES = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => {
    const needed = [
      ...(index > 0 ? [`"p-${index - 1}"`, `"p-${Math.floor(index / 2)}"`] : []),
      ...(index > 9 ? [`"p-${index - 10}", type="run"`] : []),
    ];
    return [`p-${index}`, needed.map((need) => `depends_on(${need})`).join('\n    ')];
  }),
);

test.skipIf(spacks.length > 0)(
  `other systems are tried by npm run test:full (${SOLVER_ADVICE})`,
  ({ skip }) => skip(),
);

describe.each(spacks)('an environment of the cache, with Spack $version', (spack) => {
  let folder: string;
  let built: LockFile;
  /** The settings that a consumer includes. */
  let settings: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'systems-'));
    await writeRecipes(folder, (await findRecipes(spack.program)) ?? '', PACKAGES);
    const target = { packages: { all: { require: ['target=x86_64_v3'] } } };
    built = await solve(BUILDER, JSON.stringify(target), '--fresh');
    const nodes = nodesOf(built);
    const binaries = [...nodes].flatMap(([hash, { node }]) => (node.external ? [] : [hash]));
    await writeIndex(join(folder, 'cache'), databaseText(binaries, nodes));
    const endpoints = { name: 'lab', url: `file://${join(folder, 'cache')}`, signed: false, registries: [] };
    const facts = new Map([['env-stack', createSolverFacts(nodes, new Set(binaries))(binaries)]]);
    const files = listSettings(endpoints, [], facts);
    settings = files.find(({ path }) => path === 'mirrors/solver-env-stack')?.text ?? '';
    expect(settings).toContain('target=x86_64_v3');
  }, 20 * MINUTES);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(CONSUMERS)(
    'is reused by a consumer on $os.0 $os.1 with the one include',
    async (system) => {
      const { needed, reused, built: fromSource } = await consume(system);
      expect(needed).toBeGreaterThan(40);
      expect(reused / needed).toBeGreaterThanOrEqual(0.95);
      expect(fromSource).toEqual([]);
    },
    10 * MINUTES,
  );

  test(
    'is not reused where it would not run',
    async () => {
      const { reused, built: fromSource } = await consume(TOO_OLD);
      expect(reused).toBe(0);
      expect(fromSource.length).toBeGreaterThan(40);
    },
    10 * MINUTES,
  );

  /** Solves it on a consumer's machine: numbers of builds of its lock, of those reused, and names of others to build. */
  async function consume(system: System): Promise<{ needed: number; reused: number; built: string[] }> {
    const lock = await solve(system, settings);
    const needed = buildsOf(built);
    const consumed = buildsOf(lock);
    const reused = [...needed].filter((hash) => consumed.has(hash)).length;
    const fromSource = [...consumed].filter((hash) => !needed.has(hash));
    console.log(
      `Spack ${spack.version}, ${system.os.join('')}: ${reused} of ${needed.size} reused, ${fromSource.length} to build`,
    );
    return {
      needed: needed.size,
      reused,
      built: fromSource.map((hash) => lock.concrete_specs[hash]?.name ?? ''),
    };
  }

  /** Solves the environment on a machine. Its compiler is this machine's, under another version. */
  async function solve({ gcc, ...system }: System, include: string, ...options: string[]): Promise<LockFile> {
    const home = await openSpack(spack, []);
    try {
      const environment = join(home.config, 'stack');
      await mkdir(environment);
      const specs = Object.keys(PACKAGES);
      await writeFile(join(environment, 'spack.yaml'), JSON.stringify({ spack: { specs, view: false } }));
      const repos = {
        tiny: join(folder, 'r/spack_repo/tiny'),
        builtin: join(folder, 'r/spack_repo/builtin'),
      };
      await home.configure('repos.yaml', JSON.stringify({ 'repos:': repos }));
      const compilers = { c: '/usr/bin/gcc', cxx: '/usr/bin/g++' };
      const external = {
        spec: `gcc@${gcc} languages:='c,c++'`,
        prefix: '/usr',
        extra_attributes: { compilers },
      };
      await home.configure('packages.yaml', JSON.stringify({ packages: { gcc: { externals: [external] } } }));
      await home.configure('include.yaml', JSON.stringify({ include: [join(home.config, 'included.yaml')] }));
      await home.configure('included.yaml', include);
      const { code, output } = await home.run([
        'python',
        SCRIPT,
        JSON.stringify(system),
        environment,
        ...options,
      ]);
      expect(code, output).toBe(0);
      return LockFile.parse(JSON.parse(await readFile(join(environment, 'spack.lock'), 'utf8')));
    } finally {
      await home.close();
    }
  }
});

function nodesOf({ concrete_specs: nodes }: LockFile): Map<string, SpecNode> {
  return new Map(Object.entries(nodes).map(([hash, node]) => [hash, { node, text: JSON.stringify(node) }]));
}

/** The roots of a lock and what they need to run, without externals. */
function buildsOf(lock: LockFile): Set<string> {
  const nodes = nodesOf(lock);
  const roots = lock.roots.map(({ hash }) => hash);
  return runtimeClosure(roots, nodes, { has: (hash) => !nodes.get(hash)?.node.external });
}
