import { addPlaces, readSettings, type ScriptCommand } from '../cli/command.ts';
import { defaultSpackHome } from './spack-home.ts';

/** What every script that runs Spack is told. */
export interface SpackOptions {
  /** Folder of the owner's recipes; empty: none. */
  own: string;
  /** The catalog's folder. */
  catalog: string;
  /** Address of this cache. */
  siteUrl: string;
  /** In the format of the variable REGISTRY. */
  registry: string;
  /** Where Spack keeps its caches and settings. */
  home: string;
  /** The owner's settings. Absent: where they usually are. */
  settings?: string;
}

/** Adds the options that every script has that runs Spack. */
export function addSpackOptions(command: ScriptCommand): ScriptCommand {
  const { SITE_URL, REGISTRY } = readSettings();
  return addRecipeOptions(addPlaces(command))
    .option('--site-url <URL>', 'address of this cache, to install from', SITE_URL)
    .option('--registry <REGISTRY>', 'its registry, for builds that are not on the site', REGISTRY);
}

/** Adds the options that every script has that loads recipes with Spack. */
export function addRecipeOptions(command: ScriptCommand): ScriptCommand {
  return command
    .variable('--own <DIR>', 'folder of your own recipes', 'OWN_PACKAGES')
    .option('--home <DIR>', 'where Spack keeps its caches and settings', defaultSpackHome());
}

/** Which versions a run wants: tags or commits; empty means as the settings have it. */
export interface VersionOptions {
  spack: string;
  packages: string;
}

/** Adds the options that name versions. */
export function addVersionOptions(command: ScriptCommand): ScriptCommand {
  return command
    .variable('--spack <VERSION>', 'tag or commit of Spack (default: from the settings)', 'SPACK_VERSION')
    .variable(
      '--packages <VERSION>',
      'tag or commit of spack-packages (default: from the settings)',
      'PACKAGES_VERSION',
    );
}
