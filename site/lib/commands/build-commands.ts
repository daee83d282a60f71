import { hexOf } from '../../schemas/digest.ts';
import {
  addRegistryCommands,
  imageReference,
  installCommands,
  quoteWord,
  verifyCommands,
} from './commands.ts';
import { isLocal } from '../registry-address.ts';
import { containerCommands, mainProgram } from '../catalog/container.ts';
import { containerReference } from '../catalog/containers.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';

/** Commands for one purpose. */
export interface Commands {
  /** What they do. */
  label: string;
  /** One command a line. */
  lines: string[];
}

/** Commands of one tool. */
export interface CommandGroup {
  tool: string;
  commands: Commands[];
  /** What to know of them; one sentence or two. */
  note?: string | undefined;
}

/** All that one can do with a build on a command line, by tool. */
export function buildCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup[] {
  return [
    spackCommands(entry, catalog),
    dockerCommands(entry, catalog),
    orasCommands(entry, catalog),
    checkCommands(entry, catalog),
  ].filter(({ commands }) => commands.length > 0);
}

function spackCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup {
  const { build, state } = entry;
  const registry = state === 'registry' ? addRegistryCommands(catalog) : [];
  const elsewhere =
    registry.length > 0
      ? 'This site does not serve all that it needs: Spack takes it from the registry as a second mirror, without a signature.'
      : 'This site does not serve all that it needs, and the registry it lies in is a folder on the machine of its publisher.';
  return {
    tool: 'Spack',
    commands: [
      {
        label: registry.length > 0 ? 'Add the registry, then install' : 'Install, once this cache is added',
        lines: [...registry, ...installCommands(entry)],
      },
      {
        label: 'See it in the list',
        lines: [`spack buildcache list -a -L -v ${quoteWord(`${build.name}@${build.version}`)}`],
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
      note: `The container holds this build and what it needs to run, over ${container.base.name}.`,
    };
  }
  const reference = imageReference(entry, catalog);
  const lines = reference === undefined ? [] : containerCommands(node, build, reference);
  return {
    tool: 'Docker',
    commands: lines.length === 0 ? [] : [{ label: 'Run it in a container', lines }],
    note:
      'The image holds this build and what it needs to run, but no system: the first command lays it over ' +
      'the one that it was built on.',
  };
}

function orasCommands(entry: CatalogBuild, catalog: SiteCatalog): CommandGroup {
  const { build } = entry;
  const reference = imageReference(entry, catalog);
  if (reference === undefined) return { tool: 'ORAS', commands: [] };
  const repository = reference.slice(0, reference.lastIndexOf(':'));
  return {
    tool: 'ORAS',
    commands: [
      { label: 'Pull the tarball', lines: [`oras pull ${reference}`] },
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

/** Only what a workflow on GitHub built has an attestation there. */
function attestationCommands(entry: CatalogBuild, { repository, registry }: SiteCatalog): string[] {
  const { origin, image } = entry.build;
  if (repository === undefined || isLocal(registry) || !origin.run?.startsWith('https://github.com/'))
    return [];
  const address = registry.replace(/^https?:\/\//, '');
  return [`gh attestation verify oci://${address}@sha256:${hexOf(image.digest)} --repo ${repository}`];
}
