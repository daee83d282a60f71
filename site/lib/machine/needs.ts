import { familyOf, isTarget, runnableTargets, targetHint } from '../spack/targets.ts';
import { compareVersions } from '../spack/versions.ts';
import { runsMacos, systemName, type Machine } from './machine.ts';

/** What a build, with all it needs at run time, needs of a machine. The one source for pages, search and API. */
export interface BuildNeeds {
  platform: string;
  /** The operating system that it was built on. */
  os: string;
  /** The most demanding target among the build and its run-time dependencies. */
  target: string;
  /**
   * The newest C library that any of them was linked to on its builder, `glibc@2.36`: Spack's solver compares with
   * it. Absent: none of them depends on a C library, so the solver does not ask.
   */
  libc?: string | undefined;
  /**
   * The newest `GLIBC_x.y` that any file of them names: the oldest glibc they run on. Absent with `libc`: not
   * known, because a dependency has no binary here.
   */
  runs?: string | undefined;
}

/** Why a machine does not use a build. */
export interface Obstacle {
  kind: 'platform' | 'family' | 'target' | 'libc' | 'os';
  text: string;
}

/**
 * - `yes`: Spack chooses it by itself.
 * - `by hash`: it runs, yet only `spack install /hash` takes it.
 * - `unknown`: the machine's glibc is not known, and it decides.
 * - `no`: it does not run.
 */
export type FitKind = 'yes' | 'by hash' | 'unknown' | 'no';

export interface Fit {
  kind: FitKind;
  /** Why not, or why not simply yes. Empty with `yes`. */
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

/** Whether a machine uses a build, as Spack decides it: on Linux the C library counts, elsewhere the system. */
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
 * What a build needs, in one sentence or two: "Runs on x86_64_v3 (Intel and AMD since 2015) with glibc 2.34 or newer.
 * Spack chooses it by itself with glibc 2.36 or newer (it was built on Debian 12); by hash also below."
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

/** The reason of a fit in a few words, for a mark beside a build. */
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
  return [{ kind: 'target', text: `needs ${needs.target} (${target} does not run it)` }];
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

/** What a build needs, as short as an attribute of a page should be: `linux debian12 x86_64_v3 glibc@2.36 2.34`. */
export function writeNeeds({ platform, os, target, libc, runs }: BuildNeeds): string {
  return [platform, os, target, libc, runs].filter(Boolean).join(' ');
}

/** Reads what `writeNeeds` wrote. */
export function readNeeds(text: string): BuildNeeds {
  const [platform = '', os = '', target = '', libc, runs] = text.split(' ');
  return { platform, os, target, libc, runs };
}
