import { MACOS_VERSIONS, SYSTEM_GLIBC, systemName } from './machine.ts';
import { judgeFit, type BuildNeeds } from './needs.ts';
import { ownValue } from '../../schemas/safe-text.ts';

/** Systems in the table on which Spack chooses builds by itself. */
export interface Reach {
  /** Spack's names, the oldest of each distribution first: `rocky9`, `rocky10`. */
  systems: string[];
  /** Number of systems in the table. */
  of: number;
}

/**
 * Systems on which Spack chooses most of the given builds by itself,
 * on a machine with their target. Undefined: the table has none.
 */
export function reachOf(builds: readonly BuildNeeds[]): Reach | undefined {
  const platform = builds[0]?.platform;
  const table =
    platform === 'linux' ? Object.keys(SYSTEM_GLIBC) : platform === 'darwin' ? MACOS_VERSIONS : [];
  if (table.length === 0) return undefined;
  const systems = table.filter((os) => {
    const glibc = ownValue(SYSTEM_GLIBC, os);
    const fits = builds.filter(
      (needs) =>
        judgeFit({ platform: needs.platform, os, target: needs.target, glibc }, needs).kind === 'yes',
    );
    return fits.length * 2 > builds.length;
  });
  return systems.length > 0 ? { systems, of: table.length } : undefined;
}

/** Number of systems, and the oldest of each distribution: `3 of 22 systems: Debian 12, Rocky 9 or newer`. */
export function reachText({ systems, of }: Reach): string {
  const oldest = [...Map.groupBy(systems, familyName).values()].flatMap(([first = '']) => systemName(first));
  return `${systems.length} of ${of} systems: ${oldest.join(', ')} or newer`;
}

function familyName(os: string): string {
  return MACOS_VERSIONS.includes(os) ? 'macOS' : os.replace(/[\d.]+$/, '');
}
