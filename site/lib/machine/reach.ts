import { MACOS_VERSIONS, SYSTEM_GLIBC } from './machine.ts';
import { judgeFit } from './needs.ts';
import type { BuildNeeds } from './needs.ts';

/** On which of the systems of the table Spack chooses builds by itself. */
export interface Reach {
  /** Names as Spack has them: `rocky9`. */
  systems: string[];
  /** Systems of the builds' platform in the table. */
  of: number;
}

/**
 * The systems on which Spack chooses most of some builds by itself, on a machine with their target; undefined
 * without builds, and for platforms that the table does not have.
 */
export function reachOf(builds: readonly BuildNeeds[]): Reach | undefined {
  const platform = builds[0]?.platform;
  const table =
    platform === 'linux' ? Object.keys(SYSTEM_GLIBC) : platform === 'darwin' ? MACOS_VERSIONS : [];
  if (table.length === 0) return undefined;
  const systems = table.filter((os) => {
    const glibc = SYSTEM_GLIBC[os];
    const fits = builds.filter(
      (needs) =>
        judgeFit(
          { platform: needs.platform, os, target: needs.target, ...(glibc === undefined ? {} : { glibc }) },
          needs,
        ).kind === 'yes',
    );
    return fits.length * 2 > builds.length;
  });
  return { systems, of: table.length };
}
