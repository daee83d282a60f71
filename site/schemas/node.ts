import { z } from 'zod';
import { DagHash } from './digest.ts';
import { Text, Texts } from './values.ts';

export const MAX_NAME_LENGTH = 128;
export const PACKAGE_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_-]*$/;
/** Spack's package names; also safe as a file name and in a URL. */
export const PackageName = Text.max(MAX_NAME_LENGTH).regex(
  PACKAGE_NAME,
  'expected a package name: letters, digits, _ and -',
);

/** A variant's or compiler flag's value: boolean, text, or several texts. */
export const ParameterValue = z.union([z.boolean(), Text, Texts, z.number(), z.null()]);
export type ParameterValue = z.infer<typeof ParameterValue>;

/** An edge of the DAG. */
export const Dependency = z.object({
  name: PackageName.describe('The package that it depends on.'),
  hash: DagHash.describe('Its DAG hash.'),
  parameters: z.object({
    deptypes: z
      .array(Text.regex(/^(?:build|link|run|test)$/, 'expected build, link, run or test'))
      .describe('`build`, `link`, `run`, `test`.'),
    virtuals: Texts.default([]).describe(
      'Virtuals that this edge provides: `mpi`, `c`, `cxx`, `fortran`, `libc` …',
    ),
  }),
});
export type Dependency = z.infer<typeof Dependency>;

/**
 * One concrete node of a DAG as Spack writes it (specfile version 5).
 * Unknown keys are ignored here. Code that passes a node on keeps its original text.
 */
export const Node = z.object({
  name: PackageName.describe('The package.'),
  // Short enough for a file name together with the longest package name and a hash.
  version: Text.min(1).max(100).describe('Its version, as Spack writes it.'),
  arch: z
    .object({
      platform: Text.describe('`linux`, `darwin` …'),
      platform_os: Text.describe('Operating system: `ubuntu24.04`.'),
      target: z
        .union([Text, z.object({ name: Text, parents: Texts.optional() })])
        .describe("A name, or archspec's record with vendor, features and parents."),
    })
    .describe('The architecture it was built for.'),
  namespace: Text.optional().describe('Repository of its recipe, such as `builtin`.'),
  parameters: z
    .record(Text, ParameterValue)
    .default({})
    .describe("Variants first, compiler flags (`cflags` … `ldlibs`) last, in Spack's order."),
  package_hash: Text.optional().describe("Hash of the recipe's code."),
  dependencies: z.array(Dependency).default([]).describe('Direct dependencies.'),
  external: z
    .object({ path: Text.nullish(), module: z.unknown().optional() })
    .optional()
    .describe('Present on a package that Spack did not build: its place on the builder.'),
  annotations: z
    .object({ original_specfile_version: z.int().optional() })
    .optional()
    .describe("Spack's notes."),
  build_spec: z
    .object({ name: Text, hash: DagHash })
    .optional()
    .describe('Present on a spliced node: the spec that it was built as.'),
  hash: DagHash.describe('DAG hash: SHA-1 of the rest, in base32.'),
});
export type Node = z.infer<typeof Node>;

/** The compiler flags that Spack stores among a node's parameters. */
export const COMPILER_FLAGS = ['cflags', 'cppflags', 'cxxflags', 'fflags', 'ldflags', 'ldlibs'] as const;

/** Name of the microarchitecture, for either form that a node has it in. */
export function targetOf(node: Pick<Node, 'arch'>): string {
  const { target } = node.arch;
  return typeof target === 'string' ? target : target.name;
}

/** Operating system and target, the way pages name a machine: `rocky9 icelake`. */
export function machineOf(node: Pick<Node, 'arch'>): string {
  return `${node.arch.platform_os} ${targetOf(node)}`;
}

/**
 * `<name>-<version>-<hash>`, safe as a file name.
 * Source: Spack's `Spec.format_path("{name}-{version}-{hash}")` and `polite_filename`.
 */
export function fileStem(node: Pick<Node, 'name' | 'version' | 'hash'>): string {
  return `${node.name}-${node.version}-${node.hash}`.replaceAll(/[^A-Za-z0-9_+.-]/g, '_');
}

/** Path of a build's manifest in a mirror of layout 3. */
export function mirrorManifestPath(node: Pick<Node, 'name' | 'version' | 'hash'>): string {
  return `v3/manifests/spec/${node.name}/${fileStem(node)}.spec.manifest.json`;
}

/**
 * Hashes that a node refers to: its dependencies and, for a spliced node, the build that its binary was made
 * from. Empty for `undefined`.
 */
export function hashesOf(node: Pick<Node, 'dependencies' | 'build_spec'> | undefined): DagHash[] {
  if (!node) return [];
  const { dependencies, build_spec: built } = node;
  return [...dependencies, ...(built ? [built] : [])].map(({ hash }) => hash);
}

/** Dependencies that a binary needs to run: link and run edges. */
export function runtimeDependencies(node: Node): Dependency[] {
  return node.dependencies.filter(({ parameters }) =>
    parameters.deptypes.some((type) => type === 'link' || type === 'run'),
  );
}
