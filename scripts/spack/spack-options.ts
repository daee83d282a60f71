import type { Command } from 'commander';
import type { Settings } from '../../site/schemas/settings.ts';
import { variableOption } from '../cli/command.ts';
import { defaultSpackHome } from './spack-home.ts';

/** What every script that runs Spack is told. */
export interface SpackOptions {
  /** Folder of the owner's recipes; empty: none. */
  own: string;
  /** The catalog's folder. */
  catalog: string;
  /** Address of this cache. */
  siteUrl: string;
  /** As REGISTRY has it. */
  registry: string;
  /** Where Spack keeps its things. */
  home: string;
  /** The owner's settings. Absent: where they usually are. */
  settings?: string;
}

/** Adds the options that every script has that runs Spack. */
export function addSpackOptions(command: Command, { CATALOG_DIR, SITE_URL, REGISTRY }: Settings): Command {
  return addPlaces(command, CATALOG_DIR)
    .addOption(variableOption('--own <DIR>', 'folder of your own recipes', 'OWN_PACKAGES'))
    .option('--site-url <URL>', 'this cache, to take from', SITE_URL)
    .option('--registry <REGISTRY>', 'its registry, for what the site cannot hold', REGISTRY)
    .option('--home <DIR>', 'where Spack keeps its things', defaultSpackHome());
}

/** Which versions a run wants: tags or commits; empty means as the settings have it. */
export interface VersionOptions {
  spack: string;
  packages: string;
}

/** Adds the options that name versions. */
export function addVersionOptions(command: Command): Command {
  return command
    .addOption(
      variableOption(
        '--spack <VERSION>',
        'tag or commit of Spack (default: from the settings)',
        'SPACK_VERSION',
      ),
    )
    .addOption(
      variableOption(
        '--packages <VERSION>',
        'tag or commit of spack-packages (default: from the settings)',
        'PACKAGES_VERSION',
      ),
    );
}

/** Adds the options that say where catalog and settings are. */
export function addPlaces(command: Command, catalogDirectory: string): Command {
  return command
    .option('--catalog <DIR>', "the catalog's folder", catalogDirectory)
    .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)");
}
