/**
 * Targets by archspec family, those of 64-bit x86 and Arm: what is left is its own family or told by its name.
 * Source: archspec's `microarchitectures.json`.
 */
const FAMILIES: Record<string, string> = {
  x86_64:
    'x86_64 x86_64_v2 x86_64_v3 x86_64_v4 nocona core2 nehalem westmere sandybridge ivybridge haswell broadwell skylake ' +
    'mic_knl skylake_avx512 cannonlake cascadelake icelake sapphirerapids graniterapids k10 bulldozer piledriver ' +
    'steamroller excavator zen zen2 zen3 zen4 zen5',
  x86: 'x86 i686 pentium2 pentium3 pentium4 prescott',
  aarch64: 'aarch64 thunderx2 a64fx cortex_a72 neoverse_n1 neoverse_n2 neoverse_v1 neoverse_v2 m1 m2 m3 m4',
  ppc64le: 'ppc64le power8le power9le power10le',
  ppc64: 'ppc64 power7 power8 power9 power10',
  riscv64: 'riscv64 u74mc',
};

/** Go's names of the families that it calls otherwise. */
const GO_NAMES: Record<string, string> = { x86_64: 'amd64', x86: '386', aarch64: 'arm64' };

const FAMILY_OF = new Map(
  Object.entries(FAMILIES).flatMap(([family, targets]) =>
    targets.split(' ').map((target) => [target, family]),
  ),
);

/**
 * Go's name of a target's architecture, as the OCI image configuration wants it: `amd64`, `arm64`, `ppc64le` …
 * A target that is newer than the table is told by the targets it descends from, which its record names.
 * One that cannot be told stays as it is, as Spack does it: no container runtime takes it for its own.
 */
export function goArchitecture(target: string | { name: string; parents?: string[] | undefined }): string {
  const names = typeof target === 'string' ? [target] : [target.name, ...(target.parents ?? [])];
  const family = names.map(familyOf).find((found) => found !== undefined) ?? names[0] ?? '';
  return GO_NAMES[family] ?? family;
}

/** Go's name of the operating system on a platform; Spack's platforms are named alike. */
export function goOs(platform: string): string {
  return platform === 'cray' ? 'linux' : platform;
}

function familyOf(target: string): string | undefined {
  if (/^armv[89]\./.test(target)) return 'aarch64';
  return FAMILY_OF.get(target);
}
