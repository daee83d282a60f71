import { dirname } from 'node:path';
import type { LayerEntry } from './write-layer.ts';

/** The folder that Spack appends to an install root until it is long enough. */
const PADDING = '/__spack_path_placeholder__';

/**
 * The root that a prefix was installed below, without its padding: long shebangs are patched to `<root>/bin/sbang`.
 * Source: Spack's `sbang_install_path`, and its default projection `<platform>-<target>/<name>-<version>-<hash>`.
 */
export function installRootOf(prefix: string): string {
  const padded = prefix.indexOf(`${PADDING}/`);
  return padded > 0 ? prefix.slice(0, padded) : dirname(dirname(prefix));
}

/** `sbang` below the root of each prefix: no tarball has it. */
export function sbangEntries(prefixes: readonly string[], sbang: string): LayerEntry[] {
  const roots = new Set(prefixes.map(installRootOf));
  return [...roots].map((root) => ({
    path: `${root.slice(1)}/bin/sbang`,
    kind: 'file' as const,
    executable: true,
    content: sbang,
  }));
}
