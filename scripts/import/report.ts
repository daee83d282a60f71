import prettyBytes from 'pretty-bytes';
import { printable } from '../cli/command.ts';
import type { ImportResult } from './import-builds.ts';

/** What an import says at its end: what was left out, what is known of signatures, and a last line that counts. */
export function importText(
  address: string,
  unmatched: readonly string[],
  result: ImportResult,
  { isDryRun, isSigned }: { isDryRun: boolean; isSigned: boolean },
): string {
  const { added, present, checked, bytes, refused, warnings, signatures, converted } = result;
  const { none, unchecked, verified } = signatures;
  const left = refused.length + unmatched.length;
  return [
    ...[...unmatched, ...refused].map((sentence) => `not imported: ${printable(sentence)}`),
    ...warnings.map((warning) => `warning: ${printable(warning)}`),
    ...(verified > 0 ? [`${verified} had a signature of a given key`] : []),
    ...(unchecked > 0
      ? [`${unchecked} are signed at the source; nobody checked by whom (--trust FILE does)`]
      : []),
    ...(none > 0 ? [`${none} are not signed at the source`] : []),
    ...(converted > 0 ? [`${converted} tarballs were converted from an older layout`] : []),
    isDryRun
      ? `${address}: ${checked} builds to import (${prettyBytes(bytes)} of tarballs according to the source), ` +
        `${present} in the catalog already, ${left} that cannot be imported; nothing was written`
      : `${address}: ${added} builds imported ${isSigned ? 'and signed' : '(unsigned: there is no SIGNING_KEY)'}, ` +
        `${present} in the catalog already, ${left} not imported`,
  ].join('\n');
}
