import { Failure } from '../../site/schemas/failure.ts';
import { fileStem, targetOf, type Node } from '../../site/schemas/node.ts';
import { Package } from '../../site/schemas/package.ts';
import { createRandom, inventCommit } from './random.ts';

const KINDS = [
  'library',
  'program',
  'toolkit',
  'framework',
  'collection of tools',
  'solver',
  'file format',
  'reader',
];
const FIELDS = [
  'linear algebra',
  'genomics',
  'climate models',
  'molecular dynamics',
  'parallel input and output',
  'statistics',
  'image processing',
  'graphs',
  'text',
  'compression',
  'astronomy',
  'performance measurement',
];
const LICENSES = [
  'MIT',
  'BSD-3-Clause',
  'Apache-2.0',
  'GPL-3.0-or-later',
  'LGPL-2.1-or-later',
  'MPL-2.0',
  'Zlib',
  'Apache-2.0 WITH LLVM-exception',
];
const MAINTAINERS = [
  'ada-example',
  'blaise-example',
  'emmy-example',
  'grace-example',
  'katherine-example',
  'sofia-example',
];
const TAGS = ['e4s', 'build-tools', 'core-packages', 'hpc', 'proxy-app', 'radiuss'];
const FAILURE_KINDS = [
  'concretize',
  'fetch',
  'patch',
  'configure',
  'compile',
  'test',
  'timeout',
  'disk',
  'other',
] as const;
const PHASES: Record<string, string> = {
  configure: 'cmake',
  compile: 'build',
  test: 'install',
  timeout: 'build',
  disk: 'build',
};

/** Invents Spack's description of a package; `age` is in months before the newest round. */
export function inventPackage(name: string, age: number): Package {
  const random = createRandom(`package ${name}`);
  const description = `${name} is a ${random.pick(KINDS)} for ${random.pick(FIELDS)}, made for clusters and laptops alike.`;
  return Package.parse({
    name,
    description: random.chance(0.2)
      ? `${description} It says “naïve” and <b>means</b> it & more.`
      : description,
    ...(random.chance(0.9) && {
      homepage: `https://${name.toLowerCase().replaceAll('_', '-')}.example.org/`,
    }),
    licenses: random.chance(0.85) ? [random.pick(LICENSES)] : [],
    maintainers: random.chance(0.5) ? [random.pick(MAINTAINERS)] : [],
    tags: random.chance(0.15) ? [random.pick(TAGS)] : [],
    commit: inventCommit(`packages ${age}`),
    commitDate: new Date(Date.UTC(2026, 9 - age, 1)).toISOString().replace('.000Z', 'Z'),
  });
}

/** Invents a failure to build a node, with the file name without extension. */
export function inventFailure(node: Node, date: Date, run: number): { stem: string; failure: Failure } {
  const random = createRandom(`failure ${node.hash}`);
  const kind = random.pick(FAILURE_KINDS);
  const isConcrete = kind !== 'concretize';
  const phase = PHASES[kind];
  return {
    stem: isConcrete ? node.hash : `${run}-${1 + random.below(40)}`,
    failure: Failure.parse({
      name: node.name,
      spec: `${node.name}@${node.version} target=${targetOf(node)}`,
      ...(isConcrete && { hash: node.hash }),
      target: targetOf(node),
      kind,
      ...(phase && { phase }),
      log: inventLog(node, kind),
      run: `https://github.com/example/spack-build-cache/actions/runs/${9_000_000_000 + run}`,
      date: date.toISOString().replace(/\.\d+Z$/, 'Z'),
    }),
  };
}

function inventLog(node: Node, kind: string): string[] {
  if (kind === 'concretize') return [`==> Error: failed to concretize \`${node.name}@${node.version}\``];
  const random = createRandom(`log ${node.hash}`);
  const total = 1 + random.below(60);
  const steps = Array.from(
    { length: total },
    (_, step) => `[${step + 1}/${total}] Building src/part-${step + 1}.o`,
  );
  return [
    `==> Installing ${fileStem(node)}`,
    ...steps,
    `==> Error: ${kind} failed with exit code ${1 + random.below(3)}`,
  ];
}
