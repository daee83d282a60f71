import { familyOf, isTarget, runnableTargets } from '../../lib/spack/targets.ts';
import { compareVersions } from '../../lib/spack/versions.ts';

/** A machine that would install binaries. */
export interface Machine {
  platform: string;
  os: string;
  target: string;
  /** Version of its glibc. Absent: not known. */
  glibc?: string | undefined;
}

/** What a binary was built on. */
export interface BuiltOn {
  platform: string;
  os: string;
  target: string;
  /** The C library it was linked to: `glibc@2.36`. Absent: none is known. */
  libc?: string | undefined;
}

/** Why a machine cannot use a binary. */
export interface Obstacle {
  kind: 'platform' | 'family' | 'target' | 'libc' | 'os';
  text: string;
}

/** The glibc of systems that are common on clusters. Source: their package lists. */
const SYSTEM_GLIBC: Readonly<Record<string, string>> = {
  almalinux8: '2.28',
  almalinux9: '2.34',
  almalinux10: '2.39',
  amzn2: '2.26',
  amzn2023: '2.34',
  centos7: '2.17',
  centos8: '2.28',
  debian10: '2.28',
  debian11: '2.31',
  debian12: '2.36',
  debian13: '2.41',
  rhel7: '2.17',
  rhel8: '2.28',
  rhel9: '2.34',
  rhel10: '2.39',
  rocky8: '2.28',
  rocky9: '2.34',
  rocky10: '2.39',
  'ubuntu18.04': '2.27',
  'ubuntu20.04': '2.31',
  'ubuntu22.04': '2.35',
  'ubuntu24.04': '2.39',
};

/** macOS, the oldest first: each uses binaries of those before it. Source: Spack's `os_compatibility.lp`. */
const MACOS = ['catalina', 'bigsur', 'monterey', 'ventura', 'sonoma', 'sequoia', 'tahoe'];

/** The glibc that a system comes with; undefined where that is not known. */
export function systemGlibc(os: string): string | undefined {
  return Object.hasOwn(SYSTEM_GLIBC, os) ? SYSTEM_GLIBC[os] : undefined;
}

/** Reads `spack arch`: `linux-rocky9-zen3`. Undefined for anything else. */
export function parseArch(text: string): Machine | undefined {
  const match = /^([a-z]+)-(\S+)-([A-Za-z0-9_.]+)$/.exec(text.trim());
  const [, platform, os, target] = match ?? [];
  if (!platform || !os || !target) return undefined;
  return { platform, os, target, glibc: systemGlibc(os) };
}

/**
 * What keeps a machine from using a binary: nothing, if the list is empty. As Spack decides it: on Linux the C library
 * counts, elsewhere the operating system; the target must be the machine's own or one it comes from.
 */
export function findObstacles(machine: Machine, built: BuiltOn): Obstacle[] {
  if (machine.platform !== built.platform)
    return [{ kind: 'platform', text: `is for ${built.platform}, this machine is ${machine.platform}` }];
  return [...findTargetObstacles(machine, built), ...findSystemObstacles(machine, built)];
}

function findTargetObstacles({ target }: Machine, built: BuiltOn): Obstacle[] {
  if (runnableTargets(target).includes(built.target)) return [];
  const [own, other] = [familyOf(target), familyOf(built.target)];
  if (isTarget(target) && isTarget(built.target) && own !== other)
    return [{ kind: 'family', text: `is for ${other}, this machine is ${own}` }];
  return [{ kind: 'target', text: `needs ${built.target}, which ${target} does not run` }];
}

function findSystemObstacles(machine: Machine, built: BuiltOn): Obstacle[] {
  if (machine.platform === 'darwin') {
    const [own, other] = [MACOS.indexOf(machine.os), MACOS.indexOf(built.os)];
    const fits = machine.os === built.os || (other >= 0 && own >= other);
    return fits ? [] : [{ kind: 'os', text: `is for ${built.os}, this machine has ${machine.os}` }];
  }
  if (machine.platform !== 'linux') {
    const fits = machine.os === built.os;
    return fits ? [] : [{ kind: 'os', text: `is for ${built.os}, this machine has ${machine.os}` }];
  }
  const [name, version] = built.libc?.split('@') ?? [];
  if (name !== 'glibc' || !version || !machine.glibc) return [];
  if (compareVersions(version, machine.glibc) <= 0) return [];
  return [{ kind: 'libc', text: `needs glibc ${version} or newer, this machine has ${machine.glibc}` }];
}
