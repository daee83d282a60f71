import { ownValue } from '../../schemas/safe-text.ts';

/** A machine that would install binaries. */
export interface Machine {
  platform: string;
  os: string;
  target: string;
  /** Version of its glibc. Absent: not known, or it has another C library. */
  glibc?: string | undefined;
}

/** Version of glibc in systems that are common on clusters. Source: their package lists. */
export const SYSTEM_GLIBC: Readonly<Record<string, string>> = {
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

/** Readable names of systems, where capitalizing the word is not enough. */
const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  almalinux: 'AlmaLinux',
  amzn: 'Amazon Linux',
  centos: 'CentOS',
  opensuse: 'openSUSE',
  oracle: 'Oracle Linux',
  rhel: 'RHEL',
  sles: 'SLES',
};

/**
 * Versions of macOS, the oldest first. Each can use binaries
 * of older ones. Source: Spack's `os_compatibility.lp`.
 */
export const MACOS_VERSIONS = ['catalina', 'bigsur', 'monterey', 'ventura', 'sonoma', 'sequoia', 'tahoe'];

/** Version of glibc in a system. Undefined: not known, or it depends on the service pack. */
export function systemGlibc(os: string): string | undefined {
  return ownValue(SYSTEM_GLIBC, os);
}

/** Readable name of a system: `Debian 12`, `Rocky 9`, `macOS Sonoma`. */
export function systemName(os: string): string {
  if (MACOS_VERSIONS.includes(os)) return `macOS ${capitalize(os)}`;
  const [, word = os, version = ''] = /^([a-z-]+?)(\d[\d.]*)$/.exec(os) ?? [];
  const name = ownValue(SYSTEM_NAMES, word) ?? capitalize(word);
  return version ? `${name} ${version}` : name;
}

/** Whether one macOS can use binaries of another. False if either is unknown, unless they are the same. */
export function runsMacos(own: string, built: string): boolean {
  const [ownAge, builtAge] = [MACOS_VERSIONS.indexOf(own), MACOS_VERSIONS.indexOf(built)];
  return own === built || (builtAge >= 0 && ownAge >= builtAge);
}

/** Reads `spack arch`: `linux-rocky9-zen3`. Undefined for anything else. */
export function parseArch(text: string): Machine | undefined {
  const match = /^([a-z]+)-(\S+)-([A-Za-z0-9_.]+)$/.exec(text.trim());
  const [, platform, os, target] = match ?? [];
  if (!platform || !os || !target) return undefined;
  return { platform, os, target, glibc: systemGlibc(os) };
}

/** A machine in the notation of `spack arch`. */
export function archOf({ platform, os, target }: Machine): string {
  return `${platform}-${os}-${target}`;
}

function capitalize(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
