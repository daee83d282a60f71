import targets from './targets.json' with { type: 'json' };

/** Platform of builds: one row of a build matrix. */
export interface Platform {
  platform: 'linux' | 'darwin';
  os: string;
  /** Target as Spack writes it: a name for a generic target, archspec's record for a microarchitecture. */
  target: string | { name: string };
  /** Target of externals. */
  family: 'x86_64' | 'aarch64';
  compiler: { name: 'gcc' | 'apple-clang'; version: string };
  runner: string;
}

/** Versions of an operating system's packages. */
export const SYSTEM_VERSIONS: Record<string, Record<string, string>> = {
  debian12: { glibc: '2.36', gmake: '4.3', diffutils: '3.8', pkgconf: '1.8.1' },
  'ubuntu22.04': { glibc: '2.35', gmake: '4.3', diffutils: '3.8', pkgconf: '1.8.0' },
  'ubuntu24.04': { glibc: '2.39', gmake: '4.3', diffutils: '3.10', pkgconf: '1.8.1' },
  rocky9: { glibc: '2.34', gmake: '4.3', diffutils: '3.7', pkgconf: '1.7.3' },
  sonoma: { gmake: '3.81', diffutils: '3.10', pkgconf: '2.3.0' },
  sequoia: { gmake: '3.81', diffutils: '3.10', pkgconf: '2.4.3' },
};

/** The matrix, most popular platforms first. */
export const PLATFORMS: readonly Platform[] = [
  linux('debian12', 'x86_64_v3', '12.2.0', 'ubuntu-24.04'),
  linux('ubuntu24.04', targets.neoverse_v1, '13.3.0', 'ubuntu-24.04-arm', 'aarch64'),
  linux('rocky9', targets.zen4, '14.2.0', 'ubuntu-24.04'),
  darwin('sequoia', '16.0.0', 'macos-15'),
  linux('ubuntu24.04', 'x86_64_v3', '13.3.0', 'ubuntu-24.04'),
  linux('ubuntu22.04', 'x86_64_v2', '12.3.0', 'ubuntu-22.04'),
  linux('ubuntu24.04', 'x86_64_v3', '14.2.0', 'ubuntu-24.04'),
  linux('rocky9', targets.icelake, '13.3.0', 'ubuntu-24.04'),
  linux('ubuntu24.04', targets.neoverse_v1, '14.2.0', 'ubuntu-24.04-arm', 'aarch64'),
  linux('debian12', 'x86_64', '12.2.0', 'ubuntu-24.04'),
  darwin('sonoma', '15.0.0', 'macos-14'),
];

function linux(
  os: string,
  target: Platform['target'],
  gcc: string,
  runner: string,
  family: Platform['family'] = 'x86_64',
): Platform {
  return { platform: 'linux', os, target, family, compiler: { name: 'gcc', version: gcc }, runner };
}

function darwin(os: string, clang: string, runner: string): Platform {
  return {
    platform: 'darwin',
    os,
    target: targets.m1,
    family: 'aarch64',
    compiler: { name: 'apple-clang', version: clang },
    runner,
  };
}
