import { familyOf, isTarget } from '../../site/lib/spack/targets.ts';

/** Go's names of the families that it calls otherwise. */
const GO_NAMES: Record<string, string> = { x86_64: 'amd64', x86: '386', aarch64: 'arm64' };

/**
 * Go's name of a target's architecture, as the OCI image configuration wants it: `amd64`, `arm64`, `ppc64le` …
 * A target that is newer than the table is known by the targets it descends from, which its record names.
 * An unknown one stays as it is, as Spack does it: no container runtime takes it for its own.
 */
export function goArchitecture(target: string | { name: string; parents?: string[] | undefined }): string {
  const names = typeof target === 'string' ? [target] : [target.name, ...(target.parents ?? [])];
  const family = familyOf(names.find(isTarget) ?? names[0] ?? '');
  return GO_NAMES[family] ?? family;
}

/** Go's name of the operating system on a platform; Spack's platforms are named alike. */
export function goOs(platform: string): string {
  return platform === 'cray' ? 'linux' : platform;
}
