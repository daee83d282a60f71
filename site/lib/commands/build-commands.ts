import {
  addMirrorCommands,
  addRegistryCommands,
  imageReference,
  imageRepository,
  installCommands,
  verifyCommands,
} from './commands.ts';
import { containerReference } from '../catalog/containers.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import type { Build } from '../../schemas/build.ts';
import type { Node } from '../../schemas/node.ts';
import { ownValue } from '../../schemas/safe-text.ts';

/** Commands for one purpose. */
export interface Commands {
  /** Description of what they do. */
  label: string;
  /** One command per line. */
  lines: string[];
}

/** Commands of one tool. */
export interface CommandGroup {
  tool: string;
  commands: Commands[];
  /** One or two sentences of explanation. */
  note?: string | undefined;
}

/** Source: `SPACK_MANUAL`. */
const SPACK_COMMANDS = [
  'git clone --depth=2 https://github.com/spack/spack.git',
  '. spack/share/spack/setup-env.sh',
];

/** All commands for a build, grouped by tool. */
export function buildCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup[] {
  return [
    spackCommands(entry, catalog),
    dockerCommands(entry, catalog),
    orasCommands(entry, catalog),
    checkCommands(entry, catalog),
  ].filter(({ commands }) => commands.length > 0);
}

function spackCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup {
  const { state } = entry;
  const registry = state === 'registry' ? addRegistryCommands(catalog) : [];
  const elsewhere =
    registry.length > 0
      ? 'Some of its dependencies are only in the registry, so add that too. Signatures are not checked there.'
      : 'Some of its dependencies are only in the registry, which is a folder on the publisher’s machine.';
  return {
    tool: 'Spack',
    commands: [
      { label: 'Get Spack, if you do not have it', lines: SPACK_COMMANDS },
      {
        label: 'Add this cache (once per machine), then install',
        lines: [...addMirrorCommands(catalog), ...registry, ...installCommands(entry)],
      },
    ],
    note: state === 'registry' ? elsewhere : undefined,
  };
}

function dockerCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup {
  const { build, node } = entry;
  const [container] = catalog.containers.byBuild.get(build.hash) ?? [];
  const published = container && containerReference(container, catalog);
  if (container && published !== undefined) {
    const program = mainProgram(build) ?? 'sh';
    return {
      tool: 'Docker',
      commands: [{ label: 'Run it in a container', lines: [`docker run --rm -it ${published} ${program}`] }],
      note: `The container has this build and its dependencies on top of ${container.base.name}.`,
    };
  }
  const reference = imageReference(entry, catalog);
  const lines = reference === undefined ? [] : containerCommands(node, build, reference);
  return {
    tool: 'Docker',
    commands: lines.length === 0 ? [] : [{ label: 'Run it in a container', lines }],
    note: 'The image has this build and its dependencies but no base system; the first command adds one.',
  };
}

function orasCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup {
  const { build } = entry;
  const repository = imageRepository(entry, catalog);
  if (repository === undefined) return { tool: 'ORAS', commands: [] };
  return {
    tool: 'ORAS',
    commands: [
      { label: 'Pull the tarball', lines: [`oras pull ${repository}:${build.image.tag}`] },
      {
        label: 'Fetch the spec file',
        lines: [`oras blob fetch --output spec.json ${repository}@${build.image.config.digest}`],
      },
    ],
  };
}

function checkCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup {
  const byHand = verifyCommands(entry, catalog);
  const label = entry.signed ? 'Check signature and tarball' : 'Check the tarball (not signed)';
  const attestation = attestationCommands(entry, catalog);
  return {
    tool: 'Verify',
    commands: [
      ...(byHand.length > 0 ? [{ label, lines: byHand }] : []),
      ...(attestation.length > 0 ? [{ label: 'Check where it was built', lines: attestation }] : []),
    ],
    note:
      attestation.length > 0
        ? 'GitHub attests to what its workflows build in public repositories; a private one has no attestation.'
        : undefined,
  };
}

/** Commands for the attestation on GitHub, which only builds of GitHub workflows have. */
function attestationCommands(entry: CatalogBuild, catalog: SiteCatalog): string[] {
  const { origin, image } = entry.build;
  const address = imageRepository(entry, catalog);
  if (!catalog.repository || !address || !origin.run?.startsWith('https://github.com/')) return [];
  return [`gh attestation verify oci://${address}@${image.digest} --repo ${catalog.repository}`];
}

/** Base images with the C library of an operating system, keyed by Spack's name of it without the release. */
const BASE_IMAGES: Record<string, string> = {
  almalinux: 'almalinux',
  alpine: 'alpine',
  amzn: 'amazonlinux',
  amazon_linux: 'amazonlinux',
  centos: 'centos',
  debian: 'debian',
  fedora: 'fedora',
  opensuse: 'opensuse/leap',
  rhel: 'redhat/ubi',
  rocky: 'rockylinux/rockylinux',
  ubuntu: 'ubuntu',
};

/**
 * The program to run in example commands: the one named
 * like the package, or the first. Undefined: no plain name.
 */
function mainProgram({ contents, name }: Pick<Build, 'contents' | 'name'>): string | undefined {
  const [program] = contents.programs.includes(name) ? [name] : contents.programs;
  return program !== undefined && /^[\w.+-]+$/.test(program) ? program : undefined;
}

/**
 * Commands that run a program of a build in a container. The image contains only what Spack built, and a
 * program needs the C library of the system that it was built on, so the first command puts it on top of that
 * system's own image. Empty if the build has no programs or the system has no known image.
 */
export function containerCommands(node: Node, build: Build, reference: string): string[] {
  const { contents, image, name } = build;
  const program = mainProgram(build);
  const base = baseImage(node);
  if (program === undefined || base === undefined || !image.runnable) return [];
  if (!/^[\w./+-]+$/.test(contents.prefix)) return [];
  const { prefix } = contents;
  const file = `FROM ${base}\\nCOPY --from=${reference} / /\\nENV PATH=${prefix}/bin:${prefix}/sbin:$PATH\\n`;
  const local = `spack-${name.toLowerCase()}`;
  return [`printf '${file}' | docker build --tag ${local} -`, `docker run --rm -it ${local} ${program}`];
}

function baseImage(node: Node): string | undefined {
  const [, system = '', release = ''] = /^([a-z_]+?)_?([\d.]*)$/.exec(node.arch.platform_os) ?? [];
  const image = ownValue(BASE_IMAGES, system);
  if (image === undefined || node.arch.platform !== 'linux') return undefined;
  return system === 'rhel' ? `${image}${release}` : `${image}:${release || 'latest'}`;
}
