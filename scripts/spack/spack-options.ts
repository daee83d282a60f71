import { addPlaces, readSettings, type ScriptCommand } from '../cli/command.ts';
import { defaultSpackHome } from './spack-home.ts';

/** Options of every script that runs Spack. */
export interface SpackOptions {
  /** Folder of the owner's recipes; empty if there is none. */
  own: string;
  /** The catalog's folder. */
  catalog: string;
  /** Address of this cache. */
  siteUrl: string;
  /** In the format of the variable REGISTRY. */
  registry: string;
  /** Folder of Spack's caches and settings. */
  home: string;
  /** The owner's settings file (default: its usual path). */
  settings?: string;
}

/** Adds the options of every script that runs Spack. */
export function addSpackOptions(command: ScriptCommand): ScriptCommand {
  const { SITE_URL, REGISTRY } = readSettings();
  return addRecipeOptions(addPlaces(command))
    .option('--site-url <URL>', 'address of this cache, to install from', SITE_URL)
    .option('--registry <REGISTRY>', 'its registry, for builds that are not on the site', REGISTRY);
}

/** Adds the options of every script that loads recipes with Spack. */
export function addRecipeOptions(command: ScriptCommand): ScriptCommand {
  return command
    .variable('--own <DIR>', 'folder of your own recipes', 'OWN_PACKAGES')
    .option('--home <DIR>', 'where Spack keeps its caches and settings', defaultSpackHome());
}

/** Versions that a run requests: tags or commits; empty for those in the settings. */
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
