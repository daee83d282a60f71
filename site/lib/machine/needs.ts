import { familyOf, isTarget, runnableTargets, targetHint } from '../spack/targets.ts';
import { compareVersions } from '../spack/versions.ts';
import { runsMacos, systemName, type Machine } from './machine.ts';

/** Requirements of a build and its run-time dependencies for a machine, used by pages, search and API. */
export interface BuildNeeds {
  platform: string;
  /** The operating system that it was built on. */
  os: string;
  /** The most demanding target among the build and its run-time dependencies. */
  target: string;
  /**
   * The newest C library that any of them was linked with on its builder,
   * `glibc@2.36`. Spack's solver compares it with the machine's. Absent:
   * none of them depends on a C library, so the solver compares nothing.
   */
  libc?: string | undefined;
  /**
   * The highest `GLIBC_x.y` that any of their files requires: the oldest glibc they run on. Absent although
   * there is a `libc`: not known, because a dependency has no binary here.
   */
  runs?: string | undefined;
}

/** A reason why a machine cannot use a build. */
export interface Obstacle {
  kind: 'platform' | 'family' | 'target' | 'libc' | 'os';
  text: string;
}

/**
 * - `yes`: Spack chooses it by itself.
 * - `by hash`: it runs, but only `spack install /hash` uses it.
 * - `unknown`: it depends on the machine's glibc, which is not known.
 * - `no`: it does not run.
 */
export type FitKind = 'yes' | 'by hash' | 'unknown' | 'no';

/** Result of checking whether a machine can use a build. */
export interface Fit {
  kind: FitKind;
  /** Reasons for any result other than `yes`. */
  obstacles: Obstacle[];
}

const PLATFORM_NAMES = new Map([
  ['linux', 'Linux'],
  ['darwin', 'macOS'],
  ['windows', 'Windows'],
]);

function platformName(platform: string): string {
  return PLATFORM_NAMES.get(platform) ?? platform;
}

/**
 * Decides, like Spack, whether a machine can use a build: by the C library on Linux, by the system elsewhere.
 */
export function judgeFit(machine: Machine, needs: BuildNeeds): Fit {
  if (machine.platform !== needs.platform) {
    const text = `needs ${platformName(needs.platform)} (yours: ${platformName(machine.platform)})`;
    return { kind: 'no', obstacles: [{ kind: 'platform', text }] };
  }
  const target = judgeTarget(machine, needs);
  const system = machine.platform === 'linux' ? judgeLibc(machine, needs) : judgeSystem(machine, needs);
  const obstacles = [...target, ...system.obstacles];
  return { kind: target.length > 0 ? 'no' : system.kind, obstacles };
}

/**
 * Needs of a build in one or two sentences: "Runs on x86_64_v3 (Intel and
 * AMD since 2015) with glibc 2.34 or newer. Spack chooses it by itself with
 * glibc 2.36 or newer (it was built on Debian 12); by hash also below."
 */
export function needsText(needs: BuildNeeds): string {
  const { platform, target, libc, runs, os } = needs;
  const hint = targetHint(target);
  const cpu = hint ? `${target} (${hint})` : target;
  const builtOn = systemName(os);
  if (platform === 'darwin') return `Runs on ${cpu} with ${builtOn} or newer.`;
  if (platform !== 'linux') return `Runs on ${cpu} with ${builtOn}.`;
  if (libc === undefined) return `Runs on ${cpu} with any Linux.`;
  const [name = '', version = ''] = libc.split('@');
  if (name !== 'glibc')
    return `Runs on ${cpu} with ${name} ${version} or newer (it was built on ${builtOn}).`;
  const chosen = `Spack chooses it by itself with glibc ${version} or newer (it was built on ${builtOn})`;
  if (runs === undefined) return `Runs on ${cpu}. ${chosen}; whether it runs with an older one is not known.`;
  if (compareVersions(runs, version) >= 0)
    return `Runs on ${cpu} with glibc ${version} or newer (it was built on ${builtOn}).`;
  return `Runs on ${cpu} with glibc ${runs} or newer. ${chosen}; by hash also below.`;
}

/** A fit and its reasons in a few words, for a mark next to a build. */
export function fitText({ kind, obstacles }: Fit): string {
  const reasons = obstacles.map(({ text }) => text).join('; ');
  if (kind === 'yes') return 'runs on your machine';
  if (kind === 'by hash') return `runs by hash only: ${reasons}`;
  return kind === 'unknown' ? `not known: ${reasons}` : reasons;
}

function judgeTarget({ target }: Machine, needs: BuildNeeds): Obstacle[] {
  if (runnableTargets(target).includes(needs.target)) return [];
  const [own, other] = [familyOf(target), familyOf(needs.target)];
  if (isTarget(target) && isTarget(needs.target) && own !== other)
    return [{ kind: 'family', text: `needs a CPU of the family ${other} (yours: ${own})` }];
  return [{ kind: 'target', text: `needs ${needs.target} (${target} cannot run it)` }];
}

function judgeSystem(machine: Machine, needs: BuildNeeds): Fit {
  const runs = machine.platform === 'darwin' ? runsMacos(machine.os, needs.os) : machine.os === needs.os;
  if (runs) return { kind: 'yes', obstacles: [] };
  const text = `needs ${systemName(needs.os)}${machine.platform === 'darwin' ? ' or newer' : ''} (yours: ${systemName(machine.os)})`;
  return { kind: 'no', obstacles: [{ kind: 'os', text }] };
}

/** Source: `libc_is_compatible` of Spack's solver: same name, and the machine's version is not lower. */
function judgeLibc({ glibc }: Machine, { libc, runs }: BuildNeeds): Fit {
  if (libc === undefined) return { kind: 'yes', obstacles: [] };
  const [name = '', version = ''] = libc.split('@');
  if (name !== 'glibc') {
    const text = `needs ${name} ${version} or newer`;
    if (glibc === undefined) return { kind: 'unknown', obstacles: [{ kind: 'libc', text }] };
    return { kind: 'no', obstacles: [{ kind: 'libc', text: `${text} (yours: glibc ${glibc})` }] };
  }
  if (glibc === undefined) {
    const text = `needs glibc ${version} or newer (yours is not known)`;
    return { kind: 'unknown', obstacles: [{ kind: 'libc', text }] };
  }
  if (compareVersions(glibc, version) >= 0) return { kind: 'yes', obstacles: [] };
  if (runs !== undefined && compareVersions(glibc, runs) >= 0) {
    const text = `built with glibc ${version} (yours: ${glibc})`;
    return { kind: 'by hash', obstacles: [{ kind: 'libc', text }] };
  }
  const text = `needs glibc ${runs ?? version} or newer (yours: ${glibc})`;
  return { kind: 'no', obstacles: [{ kind: 'libc', text }] };
}

/** Needs of a build in short form for an attribute in HTML: `linux debian12 x86_64_v3 glibc@2.36 2.34`. */
export function writeNeeds({ platform, os, target, libc, runs }: BuildNeeds): string {
  return [platform, os, target, libc, runs].filter(Boolean).join(' ');
}

/** Parses the output of `writeNeeds`. */
export function readNeeds(text: string): BuildNeeds {
  const [platform = '', os = '', target = '', libc, runs] = text.split(' ');
  return { platform, os, target, libc, runs };
}
