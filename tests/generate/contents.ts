import type { Contents } from '../../site/schemas/build.ts';
import { fileStem, targetOf, type Node } from '../../site/schemas/node.ts';
import type { Random } from './random.ts';

/** Install root of the invented builds. */
export const INSTALL_ROOT = '/opt/software';

/** Newest glibc symbol versions that programs require, by frequency. */
const GLIBC_FLOORS = [
  '2.2.5',
  '2.14',
  '2.17',
  '2.17',
  '2.27',
  '2.29',
  '2.32',
  '2.33',
  '2.34',
  '2.34',
  '2.34',
  '2.38',
];

/** Newest glibc of each operating system: its builds cannot require a newer one. */
const NEWEST_GLIBC: Record<string, number> = {
  debian12: 36,
  'ubuntu22.04': 35,
  'ubuntu24.04': 39,
  rocky9: 34,
};

/** Packages whose programs or libraries have other names than the package. */
const KNOWN_PROGRAMS = new Map(
  Object.entries({
    bzip2: ['bunzip2', 'bzcat', 'bzip2'],
    cmake: ['ccmake', 'cmake', 'cpack', 'ctest'],
    hdf5: ['h5copy', 'h5diff', 'h5dump', 'h5ls', 'h5stat'],
    openmpi: ['mpicc', 'mpiexec', 'mpifort', 'mpirun', 'ompi_info'],
    python: ['idle3', 'pydoc3', 'python3'],
    gromacs: ['gmx'],
    lammps: ['lmp'],
  }),
);
const KNOWN_LIBRARIES = new Map(
  Object.entries({
    'gcc-runtime': ['atomic', 'gcc_s', 'gfortran', 'gomp', 'quadmath', 'stdc++'],
    hdf5: ['hdf5', 'hdf5_hl'],
    openmpi: ['mpi', 'mpi_mpifh', 'open-pal'],
    'zlib-ng': ['z'],
    bzip2: ['bz2'],
    xz: ['lzma'],
  }),
);

/** Invents plausible contents for a package of that name. */
export function inventContents(node: Node, random: Random): Contents {
  const programs = programsOf(node, random);
  const libraries = librariesOf(node, random);
  const glibc = glibcFloor(node, random);
  return {
    prefix: prefixOf(node),
    programs,
    libraries,
    ...(glibc && (programs.length > 0 || libraries.length > 0) && { glibc }),
  };
}

/** Spack's default projection: `{architecture.platform}-{architecture.target}/{name}-{version}-{hash}`. */
export function prefixOf(node: Node): string {
  return `${INSTALL_ROOT}/${node.arch.platform}-${targetOf(node)}/${fileStem(node)}`;
}

function programsOf({ name }: Node, random: Random): string[] {
  const known = KNOWN_PROGRAMS.get(name);
  if (known) return known;
  if (/^(r|perl)-|^lib|^gcc-runtime$/.test(name)) return [];
  if (name.startsWith('py-')) return random.chance(0.15) ? [name.slice('py-'.length)] : [];
  return random.chance(0.3) ? [name, `${name}-config`] : [name];
}

function librariesOf({ name, version, arch }: Node, random: Random): string[] {
  if (/^(py|r|perl)-/.test(name)) return [];
  const stems =
    KNOWN_LIBRARIES.get(name) ??
    (name.startsWith('lib') || random.chance(0.35) ? [name.replace(/^lib/, '')] : []);
  const numbers = /\d+(\.\d+)*/.exec(version)?.[0] ?? '1';
  const major = numbers.split('.')[0];
  const files = stems.flatMap((stem) =>
    arch.platform === 'darwin'
      ? [`lib${stem}.${major}.dylib`, `lib${stem}.dylib`]
      : [`lib${stem}.so`, `lib${stem}.so.${major}`, `lib${stem}.so.${numbers}`],
  );
  return [...new Set(files)].sort();
}

function glibcFloor({ arch }: Node, random: Random): string | undefined {
  const newest = NEWEST_GLIBC[arch.platform_os];
  const floor = random.pick(GLIBC_FLOORS);
  return newest !== undefined && Number(floor.split('.')[1]) <= newest ? floor : undefined;
}
