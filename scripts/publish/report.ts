import { printable } from '../command.ts';
import type { Resolution } from './resolve.ts';
import type { CheckedEntry } from './resolve.ts';

/** What a publish says at its end: warnings, and a last line that counts. */
export function describePublish(
  cacheDirectory: string,
  entries: readonly CheckedEntry[],
  { newBuilds, staged, adopted, warnings }: Resolution,
  { isSigned, isTrusted }: { isSigned: boolean; isTrusted: boolean },
): string {
  const signatures = entries.filter(({ signed }) => signed).length;
  const unchecked = `${signatures} of its manifests are signed; nobody checked by whom (--trust FILE does)`;
  return [
    ...(signatures > 0 && !isTrusted ? [unchecked] : []),
    ...warnings.map((warning) => `warning: ${printable(warning)}`),
    `${cacheDirectory}: ${entries.length} builds checked, ${staged} images pushed, ` +
      `${adopted} found in the registry, ${newBuilds.length} added to the catalog ` +
      (isSigned ? 'and signed' : '(unsigned: there is no SIGNING_KEY)'),
  ].join('\n');
}
