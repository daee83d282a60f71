import { ownValue } from '../../schemas/safe-text.ts';

/**
 * Microarchitectures and their direct parents, whose programs they can run.
 * Source: archspec 0.2.7 (https://pypi.org/project/archspec/), `json/cpu/microarchitectures.json`, of which Spack
 * has a copy; MIT or Apache-2.0.
 */
const PARENTS: Readonly<Record<string, readonly string[]>> = {
  a64fx: ['armv8.2a'],
  aarch64: [],
  alderlake: ['skylake'],
  ampere1: ['neoverse_n1', 'armv8.6a'],
  ampere1a: ['ampere1'],
  arm: [],
  'armv8.1a': ['aarch64'],
  'armv8.2a': ['armv8.1a'],
  'armv8.3a': ['armv8.2a'],
  'armv8.4a': ['armv8.3a'],
  'armv8.5a': ['armv8.4a'],
  'armv8.6a': ['armv8.5a'],
  'armv9.0a': ['armv8.5a'],
  'armv9.2a': ['armv9.0a', 'armv8.6a'],
  arrowlake: ['alderlake'],
  arrowlake_s: ['arrowlake'],
  broadwell: ['haswell'],
  bulldozer: ['x86_64_v2'],
  cannonlake: ['skylake', 'x86_64_v4'],
  cascadelake: ['skylake_avx512'],
  core2: ['nocona'],
  cortex_a72: ['aarch64'],
  excavator: ['steamroller', 'x86_64_v3'],
  haswell: ['ivybridge', 'x86_64_v3'],
  i686: ['x86'],
  icelake: ['cascadelake', 'cannonlake'],
  ivybridge: ['sandybridge'],
  k10: ['x86_64'],
  m1: ['armv8.4a'],
  m2: ['m1', 'armv8.5a'],
  m3: ['m2', 'armv8.6a'],
  m4: ['m3', 'armv8.6a'],
  mic_knl: ['broadwell'],
  nehalem: ['core2', 'x86_64_v2'],
  neoverse_n1: ['cortex_a72', 'armv8.2a'],
  neoverse_n2: ['neoverse_n1', 'armv9.0a'],
  neoverse_v1: ['neoverse_n1', 'armv8.4a'],
  neoverse_v2: ['neoverse_n1', 'armv9.0a'],
  neoverse_v3ae: ['neoverse_v2', 'armv9.2a'],
  nocona: ['x86_64'],
  olympus: ['armv9.2a'],
  pentium2: ['i686'],
  pentium3: ['pentium2'],
  pentium4: ['pentium3'],
  piledriver: ['bulldozer'],
  power10: ['power9'],
  power10le: ['power9le'],
  power7: ['ppc64'],
  power8: ['power7'],
  power8le: ['ppc64le'],
  power9: ['power8'],
  power9le: ['power8le'],
  ppc: [],
  ppc64: [],
  ppc64le: [],
  ppcle: [],
  prescott: ['pentium4'],
  riscv64: [],
  sandybridge: ['westmere'],
  sapphirerapids: ['icelake'],
  skylake: ['broadwell'],
  skylake_avx512: ['skylake', 'x86_64_v4'],
  sparc: [],
  sparc64: [],
  steamroller: ['piledriver'],
  thunderx2: ['armv8.1a'],
  u74mc: ['riscv64'],
  westmere: ['nehalem'],
  x60: ['riscv64'],
  x86: [],
  x86_64: [],
  x86_64_v2: ['x86_64'],
  x86_64_v3: ['x86_64_v2'],
  x86_64_v4: ['x86_64_v3'],
  zen: ['x86_64_v3'],
  zen2: ['zen'],
  zen3: ['zen2'],
  zen4: ['zen3', 'x86_64_v4'],
  zen5: ['zen4'],
  zen6: ['zen5'],
};

/** Whether a microarchitecture is known here. */
export function isTarget(name: string): boolean {
  return Object.hasOwn(PARENTS, name);
}

/**
 * A target and all targets whose programs it can run, itself first, then the nearest.
 * An unknown one: only itself.
 */
export function runnableTargets(name: string): string[] {
  const ancestors = new Set([name]);
  for (const target of ancestors) {
    for (const parent of ownValue(PARENTS, target) ?? []) ancestors.add(parent);
  }
  return [...ancestors];
}

/** Family of a target: `x86_64`, `aarch64`. The family of an unknown target is the target itself. */
export function familyOf(name: string): string {
  return runnableTargets(name).find((target) => ownValue(PARENTS, target)?.length === 0) ?? name;
}

/**
 * Year of the first CPUs for a target, for people who do not know its name. Source: the
 * makers' product pages.
 */
const HINTS: Readonly<Record<string, string>> = {
  aarch64: 'any 64-bit Arm',
  broadwell: 'Intel since 2014',
  cascadelake: 'Intel servers since 2019',
  haswell: 'Intel since 2013',
  icelake: 'Intel since 2019, servers since 2021',
  ivybridge: 'Intel since 2012',
  m1: 'Apple silicon since 2020',
  m2: 'Apple silicon since 2022',
  m3: 'Apple silicon since 2023',
  m4: 'Apple silicon since 2024',
  neoverse_n1: 'Arm servers since 2019, Graviton2',
  neoverse_v1: 'Arm servers since 2021, Graviton3',
  neoverse_v2: 'Arm servers since 2023, Graviton4 and Grace',
  ppc64le: 'any POWER8 or newer',
  power9le: 'POWER since 2017',
  power10le: 'POWER since 2021',
  sandybridge: 'Intel since 2011',
  sapphirerapids: 'Intel servers since 2023',
  skylake: 'Intel since 2015',
  skylake_avx512: 'Intel servers since 2017',
  x86_64: 'any 64-bit Intel and AMD',
  x86_64_v2: 'Intel and AMD since 2011',
  x86_64_v3: 'Intel and AMD since 2015',
  x86_64_v4: 'AVX-512: Intel servers since 2017, AMD since 2022',
  zen: 'AMD since 2017',
  zen2: 'AMD since 2019',
  zen3: 'AMD since 2020',
  zen4: 'AMD since 2022',
  zen5: 'AMD since 2024',
};

/** Short description of the CPUs that can run a target. Empty if there is no hint. */
export function targetHint(name: string): string {
  return ownValue(HINTS, name) ?? '';
}
