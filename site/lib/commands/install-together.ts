import { shortHash } from '../format.ts';

/** Installs several builds, named by their short hashes, from binaries alone. */
export function installTogether(hashes: readonly string[]): string {
  return `spack install --use-buildcache only ${hashes.map((hash) => `/${shortHash(hash)}`).join(' ')}`;
}
