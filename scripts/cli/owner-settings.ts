import { existsSync } from 'node:fs';
import { parseYaml } from '../../site/lib/yaml.ts';
import { readTextFile } from './files.ts';
import { BuildCacheSettings, type Target } from '../../site/schemas/build-cache-settings.ts';

/** Path of the owner's settings, from the top of the repository. */
export const SETTINGS_FILE = '.github/build-cache.yaml';

/** Reads the owner's settings. An empty file means the defaults, and so does a missing one unless it is named. */
export function readSettingsFile(path?: string): BuildCacheSettings {
  const isThere = path !== undefined || existsSync(SETTINGS_FILE);
  return parseSettingsFile(isThere ? readTextFile(path ?? SETTINGS_FILE) : '', path ?? SETTINGS_FILE);
}

/** The pure part of `readSettingsFile`; `where` names the file in errors. */
export function parseSettingsFile(text: string, where: string): BuildCacheSettings {
  const result = BuildCacheSettings.safeParse(parseYaml(text, where) ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.join('.');
  throw new Error(
    `${where}: ${place ? `${place}: ` : ''}${issue?.message}; correct it, or leave it out for the default`,
  );
}

/**
 * The target that a request names; an empty name means the first. Throws, listing all, for an unknown name.
 */
export function findTarget(settings: BuildCacheSettings, name: string): Target {
  const target = name === '' ? settings.targets[0] : settings.targets.find((row) => row.name === name);
  if (target) return target;
  const names = settings.targets.map((row) => row.name).join(', ');
  throw new Error(`target "${name.slice(0, 100)}": expected one of ${names}; add others to ${SETTINGS_FILE}`);
}
