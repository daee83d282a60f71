import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import prettyBytes from 'pretty-bytes';
import { formatNumber } from '../../site/lib/format.ts';
import type { CopyResult } from './copy-view.ts';

/** What was copied, and the commands that use it, as lines for people. */
export function describeCopy({ builds, signed, keys, bytes, removed }: CopyResult, to: string): string {
  const unsigned = signed < builds;
  const signatures =
    keys.length === 0
      ? 'The cache has no key: nothing is signed.'
      : `${signed} of ${builds} signed by ${keys.length === 1 ? 'its key' : 'one of its keys'} ${keys.join(', ')}.`;
  return [
    'On the machine without a network:',
    `  spack mirror add --type binary${unsigned ? ' --unsigned' : ''} copy ${pathToFileURL(resolve(to)).href}`,
    ...(keys.length > 0 ? ['  spack buildcache keys --install --trust'] : []),
    '  spack install --use-buildcache only SPEC',
    signatures,
    `Copied ${formatNumber(builds, 'build')}, ${prettyBytes(bytes)}` +
      `${removed > 0 ? `; removed ${formatNumber(removed, 'file')} of an earlier copy` : ''}.`,
  ].join('\n');
}
