import { addMirrorCommands, TRUST_KEYS } from './commands.ts';
import { mirrorName, siteAddress } from '../url.ts';
import { listSettings } from '../mirror/consumer-settings.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';

/** Lines of a `mirrors.yaml` with only this site, for Spack 1.0 or newer. */
export function settingsLines({ keys }: SiteCatalog): string[] {
  const endpoints = { name: mirrorName(), url: siteAddress(), signed: keys.length > 0, registries: [] };
  const [https] = listSettings(endpoints, []);
  return https?.text.trimEnd().split('\n') ?? [];
}

/** Adds this cache with one of its views, for Spack 1.2 or newer. */
export function addViewCommands({ keys }: SiteCatalog, view: string): string[] {
  const signing = keys.length > 0 ? '' : ' --unsigned';
  return [
    `spack mirror add --type binary${signing} --name ${view} ${mirrorName()} ${siteAddress()}`,
    ...(keys.length > 0 ? [TRUST_KEYS] : []),
  ];
}

/** Steps of a GitHub job that installs only from this cache. */
export function workflowLines(catalog: SiteCatalog): string[] {
  return [
    '- name: Use the build cache',
    '  run: |',
    ...[...addMirrorCommands(catalog), 'spack install --use-buildcache only zlib'].map(
      (line) => `    ${line}`,
    ),
  ];
}
