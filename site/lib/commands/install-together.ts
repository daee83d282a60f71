import { shortHash } from '../format.ts';

/** Installs several builds, given by short hashes, from binaries only. */
export function installTogether(hashes: readonly string[]): string {
  return `spack install --use-buildcache only ${hashes.map((hash) => `/${shortHash(hash)}`).join(' ')}`;
}
