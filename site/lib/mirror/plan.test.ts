import { expect, test } from 'vitest';
import type { Build } from '../../schemas/build.ts';
import { Node } from '../../schemas/node.ts';
import { databaseText } from '../spack/database.ts';
import { planMirror, type MirrorInput } from './plan.ts';
import type { SpecNode } from '../spack/dag.ts';

const ENOUGH = 900_000_000;

test('serves everything if the budget allows, and then its own index is the index of everything', () => {
  const input = createInput([{ name: 'zlib' }, { name: 'curl', needs: ['zlib'] }]);
  const plan = planMirror(input, ENOUGH);
  expect([...plan.listed]).toEqual(plan.views.get('all'));
  expect(plan.served.size).toBe(2);
  expect(plan.servedConfigs.size).toBe(2);
  expect(plan.leftOut).toEqual({ builds: [], bytes: 0, configs: 0, views: [] });
});

test('takes builds only with their whole run-time closure, and stays within the budget', () => {
  const input = createInput([
    { name: 'libbig', size: 6_000_000 },
    { name: 'app', needs: ['libbig'], size: 1_000 },
    { name: 'tool', size: 2_000_000 },
    { name: 'other', needs: ['tool'], size: 1_500_000 },
  ]);
  const plan = planMirror(input, baseBytes(input) + 5_000_000);
  expect(namesOf(input, plan.listed)).toEqual(['other', 'tool']);
  expect(namesOf(input, plan.leftOut.builds)).toEqual(['libbig', 'app']);
  expect(plan.leftOut.bytes).toBe(6_001_000);
  expect(plan.bytes.total).toBeLessThanOrEqual(plan.bytes.budget);
  expect(plan.views.get('all')).toHaveLength(4);
  for (const [view, roots] of plan.views) {
    if (view !== 'all') expect(roots.every((hash) => plan.listed.has(hash))).toBe(true);
  }
});

test('does not count build dependencies, externals, and specs without a binary anywhere', () => {
  const input = createInput([
    { name: 'compiler', size: 50_000_000 },
    { name: 'glibc', external: true },
    { name: 'never-built', unbuilt: true },
    { name: 'app', builtWith: ['compiler'], needs: ['glibc', 'never-built'] },
  ]);
  const plan = planMirror(input, baseBytes(input) + 1_000_000);
  expect(namesOf(input, plan.listed)).toEqual(['app']);
});

test.each([
  ['small', { name: 'a', size: 900_000 }, { name: 'b', size: 800_000 }, 'b'],
  [
    'recent',
    { name: 'a', published: '2024-01-01T00:00:00Z' },
    { name: 'b', published: '2026-01-01T00:00:00Z' },
    'b',
  ],
])('prefers %s builds', (_, first, second, expected) => {
  const input = createInput([
    { size: 800_000, ...first },
    { size: 800_000, ...second },
  ]);
  const plan = planMirror(input, baseBytes(input) + 1_000_000);
  expect(namesOf(input, plan.listed)).toEqual([expected]);
});

test('prefers builds that others depend on', () => {
  const input = createInput([
    { name: 'alone', size: 700_000 },
    { name: 'lib', size: 800_000 },
    { name: 'app', needs: ['lib'], size: 100_000 },
    { name: 'heavy', needs: ['lib'], size: 9_000_000 },
  ]);
  const plan = planMirror(input, baseBytes(input) + 1_000_000);
  expect(namesOf(input, plan.listed)).toEqual(['app', 'lib']);
});

test('adds spec files last, as many as there is room for', () => {
  const input = createInput([
    { name: 'a', size: 500_000 },
    { name: 'b', size: 500_000 },
  ]);
  const plan = planMirror(input, baseBytes(input) + 1_000_000 + 45_000);
  expect(plan.served.size).toBe(2);
  expect(plan.servedConfigs.size).toBe(1);
  expect(plan.leftOut.configs).toBe(1);
});

test('makes closed views by target, operating system, month and environment', () => {
  const input = createInput([
    { name: 'base', target: 'x86_64', published: '2026-02-03T00:00:00Z' },
    { name: 'app', target: 'x86_64_v3', needs: ['base'], published: '2026-01-02T00:00:00Z' },
    { name: 'late', target: 'aarch64', os: 'ubuntu24.04', published: '2026-03-01T00:00:00Z' },
  ]);
  const environments = new Map([['my stack', [hashOf('app'), 'a'.repeat(32)]]]);
  const { views } = planMirror({ ...input, environments }, ENOUGH);
  const named = Object.fromEntries([...views].map(([view, roots]) => [view, namesOf(input, roots)]));
  expect(named).toEqual({
    all: ['app', 'base', 'late'],
    'env-my-stack': ['app', 'base'],
    'month-2026-01': ['app', 'base'],
    'month-2026-02': ['app', 'base'],
    'month-2026-03': ['app', 'base', 'late'],
    'os-debian12': ['app', 'base'],
    'os-ubuntu24.04': ['late'],
    'target-aarch64': ['late'],
    'target-x86_64': ['base'],
    'target-x86_64_v3': ['app', 'base'],
  });
});

test('keeps only the newest months if all of them would take more than a tenth of the budget', () => {
  const months = Array.from({ length: 24 }, (_, index) => ({
    name: `p${index}`,
    text: 50_000,
    published: `${2025 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01T00:00:00Z`,
  }));
  const input = createInput(months);
  const { views, leftOut, bytes } = planMirror(input, 20_000_000);
  const kept = [...views.keys()].filter((view) => view.startsWith('month-'));
  expect(kept).toEqual(['month-2026-11', 'month-2026-12']);
  expect(leftOut.views).toHaveLength(22);
  expect(leftOut.views[0]).toBe('month-2026-10');
  expect(bytes.total).toBeLessThanOrEqual(bytes.budget);
});

test('knows the size of an index without writing it', () => {
  const input = createInput([{ name: 'zlib' }, { name: 'curl', needs: ['zlib'] }]);
  const plan = planMirror(input, ENOUGH);
  const written = databaseText([...plan.listed], input.nodes).length;
  expect(plan.bytes.indexes).toBeGreaterThanOrEqual(2 * written);
  expect(plan.bytes.indexes).toBeLessThan(2 * written + 50);
});

test('gives the same plan for the same builds in another order', () => {
  const input = createInput([
    { name: 'a', size: 400_000 },
    { name: 'b', size: 400_000 },
    { name: 'c', size: 400_000, needs: ['a'] },
  ]);
  const budget = baseBytes(input) + 900_000;
  const plan = planMirror(input, budget);
  expect(plan.served.size).toBeLessThan(3);
  expect(planMirror({ ...input, builds: input.builds.toReversed() }, budget)).toEqual(plan);
});

test('plans an empty mirror', () => {
  const plan = planMirror({ builds: [], nodes: new Map(), environments: new Map() }, ENOUGH);
  expect([...plan.views]).toEqual([['all', []]]);
  expect(plan.served.size).toBe(0);
});

interface Sketch {
  name: string;
  needs?: string[];
  builtWith?: string[];
  size?: number;
  published?: string;
  target?: string;
  os?: string;
  external?: boolean;
  unbuilt?: boolean;
  /** Bytes of the node's text. */
  text?: number;
}

test('snapshots and releases of the recipes have their own views, with run-time dependencies', () => {
  const input = createInput([{ name: 'a', needs: ['b'] }, { name: 'b' }, { name: 'c' }]);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => input.builds.find((build) => build.name === name));
  if (!a || !b || !c) throw new Error('expected three builds');
  const builds = [
    a,
    { ...b, origin: { packages: 'e'.repeat(40), release: 'v2025.11.0' } },
    { ...c, origin: { packages: 'f'.repeat(40) } },
  ];
  const snapshots = new Map([['thesis-1', [a.hash]]]);
  const { views } = planMirror({ ...input, builds, snapshots }, ENOUGH);
  expect(namesOf(input, views.get('snapshot-thesis-1') ?? [])).toEqual(['a', 'b']);
  expect(namesOf(input, views.get('release-v2025.11.0') ?? [])).toEqual(['b']);
  expect([...views.keys()].filter((name) => name.startsWith('release-'))).toHaveLength(1);
});

function createInput(sketches: Sketch[]): MirrorInput {
  const nodes = new Map<string, SpecNode>();
  const builds: Build[] = [];
  for (const sketch of sketches) {
    const node = createNode(sketch);
    nodes.set(node.hash, { node, text: JSON.stringify(node).padEnd(sketch.text ?? 0) });
    if (!sketch.external && !sketch.unbuilt) builds.push(createBuild(sketch));
  }
  return { builds, nodes, environments: new Map() };
}

function createNode({
  name,
  needs = [],
  builtWith = [],
  target = 'x86_64',
  os = 'debian12',
  external,
}: Sketch): Node {
  const edges = [
    ...needs.map((need) => [need, 'link'] as const),
    ...builtWith.map((need) => [need, 'build'] as const),
  ];
  return Node.parse({
    name,
    version: '1.0',
    arch: { platform: 'linux', platform_os: os, target },
    dependencies: edges.map(([need, deptype]) => ({
      name: need,
      hash: hashOf(need),
      parameters: { deptypes: [deptype], virtuals: [] },
    })),
    ...(external && { external: { path: '/usr' } }),
    hash: hashOf(name),
  });
}

function createBuild({ name, size = 1_000, published = '2026-01-01T00:00:00Z' }: Sketch): Build {
  const digest = `sha256:${'0'.repeat(64)}`;
  return {
    name,
    version: '1.0',
    hash: hashOf(name),
    published,
    tarball: { digest, size, uncompressedDigest: digest, installedSize: size, files: 1 },
    contents: { prefix: '/opt/it', programs: [], libraries: [] },
    image: { tag: `${name}.spack`, digest, size: 500, config: { digest, size: 30_000 }, runnable: true },
    origin: {},
  };
}

/** A valid DAG hash made from the name. */
function hashOf(name: string): string {
  return [...name]
    .map((letter) => (/[a-z2-7]/.test(letter) ? letter : 'z'))
    .join('')
    .padEnd(32, '2');
}

/** Bytes that are taken before the first tarball. */
function baseBytes(input: MirrorInput): number {
  const { bytes } = planMirror(input, 0);
  return bytes.site + bytes.manifests + bytes.indexes;
}

function namesOf(input: MirrorInput, hashes: Iterable<string>): string[] {
  return [...hashes].map((hash) => input.nodes.get(hash)?.node.name ?? hash);
}
