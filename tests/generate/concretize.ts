import { computeDagHash } from '../../scripts/build-cache/spec-file.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { COMPILER_FLAGS, Node, type Dependency } from '../../site/schemas/node.ts';
import { SYSTEM_VERSIONS, type Platform } from './platforms.ts';
import type { Recipe } from './population.ts';
import { createRandom, inventCommit, inventSha256, type Random } from './random.ts';
import type { Template } from './templates.ts';
import { earlierVersion } from './versions.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';

/** One round of a cache's builds: platform, time and variants. */
export interface Round {
  platform: Platform;
  /** Months before the newest round; older rounds have older versions. */
  age: number;
  /** Rounds of different flavours flip different variants. */
  flavour: number;
}

/** Concretizes recipes in one round and adds all their nodes to `nodes`. */
export type Concretize = (recipe: Recipe) => DagHash;

/** Edge types of invented packages, by the prefix of their name. */
const EXTRA_DEPTYPES: [prefix: RegExp, deptypes: string[]][] = [
  [/^(py|r|perl)-/, ['build', 'run']],
  [/(?:)/, ['build', 'link']],
];

/** Creates a concretizer. The same seed and round give the same nodes in any order of concretization. */
export function createConcretizer(
  round: Round,
  seed: number,
  templates: ReadonlyMap<DagHash, Template>,
  nodes: Map<DagHash, SpecNode>,
): Concretize {
  const hashes = new Map<string, DagHash>();
  return concretize;

  function concretize(recipe: Recipe): DagHash {
    const known = hashes.get(recipe.id);
    if (known !== undefined) return known;
    const dependencies = [
      ...recipe.template.dependencies.flatMap((edge) => concretizeEdge(edge)),
      ...recipe.extra.map((extra) => extraEdge(recipe, extra, concretize(extra))),
    ].sort((one, other) => (one.name < other.name ? -1 : 1));
    const generated = hashNode(nodeMembers(recipe, dependencies, round, seed));
    hashes.set(recipe.id, generated.node.hash);
    nodes.set(generated.node.hash, generated);
    return generated.node.hash;
  }

  function concretizeEdge(edge: Dependency): Dependency[] {
    const template = templates.get(edge.hash);
    if (!template) throw new Error(`the real nodes lack ${edge.name} ${edge.hash}`);
    // Neither of them exists on macOS.
    if (round.platform.platform === 'darwin' && /^(glibc|gcc-runtime)$/.test(edge.name)) return [];
    const name = packageName(template, round.platform);
    const hash = concretize({ id: template.hash, name, template, extra: [] });
    return [{ name, hash, parameters: edge.parameters }];
  }
}

function packageName({ name, external }: Template, { compiler }: Platform): string {
  return external && name === 'gcc' ? compiler.name : name;
}

function extraEdge({ name }: Recipe, extra: Recipe, hash: DagHash): Dependency {
  const deptypes = EXTRA_DEPTYPES.find(([prefix]) => prefix.test(name))?.[1] ?? [];
  return { name: extra.name, hash, parameters: { deptypes, virtuals: [] } };
}

/** Members of a node without its hash, in Spack's order of keys. */
function nodeMembers(recipe: Recipe, dependencies: Dependency[], round: Round, seed: number): object {
  const { name, template } = recipe;
  const { external, patches } = template;
  const { platform } = round;
  const version = versionOf(recipe, round, seed);
  return {
    name,
    version,
    arch: {
      platform: platform.platform,
      platform_os: platform.os,
      target: external ? platform.family : platform.target,
    },
    namespace: template.namespace,
    parameters: external
      ? externalParameters(template, platform)
      : flipVariants(template, createRandom(`variants ${seed} ${platform.os} ${round.flavour} ${name}`)),
    ...(patches && { patches }),
    ...(external && { external: isCompiler(template) ? compilerExternal(platform) : external }),
    package_hash:
      name === template.name && version === template.version
        ? template.package_hash
        : inventPackageHash(name, version),
    ...(dependencies.length > 0 && { dependencies }),
    annotations: template.annotations,
  };
}

function hashNode(members: object): SpecNode {
  const node = Node.parse({ ...members, hash: computeDagHash(JSON.stringify(members)) });
  return { node, text: JSON.stringify({ ...members, hash: node.hash }) };
}

function versionOf({ name, template }: Recipe, { platform, age }: Round, seed: number): string {
  const { compiler, os } = platform;
  if (isCompiler(template) || name === 'gcc-runtime') return compiler.version;
  if (template.external) return SYSTEM_VERSIONS[os]?.[name] ?? template.version;
  const random = createRandom(`releases ${seed} ${name}`);
  const monthsBetweenReleases = 2 + random.below(14);
  const version = earlierVersion(
    template.version,
    Math.floor((age + random.below(6)) / monthsBetweenReleases),
  );
  // A few packages are built from a commit.
  return random.chance(0.01) ? `git.${inventCommit(`${name} ${version}`)}=${version}` : version;
}

/** Sometimes flips a boolean variant; flags and variants with other values stay. */
function flipVariants({ parameters }: Template, random: Random): Template['parameters'] {
  const variants = Object.keys(parameters).filter((key) => typeof parameters[key] === 'boolean');
  if (variants.length === 0 || !random.chance(0.2)) return parameters;
  const flipped = random.pick(variants);
  return { ...parameters, [flipped]: !parameters[flipped] };
}

function isCompiler({ name, external }: Template): boolean {
  return external !== undefined && name === 'gcc';
}

function externalParameters(template: Template, { compiler }: Platform): Template['parameters'] {
  if (!isCompiler(template) || compiler.name === 'gcc') return template.parameters;
  const flags = Object.fromEntries(COMPILER_FLAGS.map((flag) => [flag, []]));
  return { build_system: 'bundle', ...flags };
}

function compilerExternal({ compiler }: Platform): object {
  const major = compiler.version.split('.')[0];
  const compilers =
    compiler.name === 'gcc'
      ? { c: `/usr/bin/gcc-${major}`, cxx: `/usr/bin/g++-${major}`, fortran: `/usr/bin/gfortran-${major}` }
      : { c: '/usr/bin/clang', cxx: '/usr/bin/clang++' };
  return { path: '/usr', module: null, extra_attributes: { compilers } };
}

/** Invents a hash in Spack's form: 52 characters of base32 and the padding. */
function inventPackageHash(name: string, version: string): string {
  const digits = inventSha256(`package ${name} ${version}`).match(/../g) ?? [];
  const letters = digits.map((pair) => 'abcdefghijklmnopqrstuvwxyz234567'.charAt(parseInt(pair, 16) & 31));
  return `${letters.join('')}${letters.slice(0, 20).join('')}====`;
}
