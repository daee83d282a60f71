/**
 * Seconds that some packages take on four cores, by rule of thumb. A wave waits for its longest job, so that a cache without
 * history has to know above all which packages take hours. The names are those that Spack's own CI builds with the most
 * processors (`.ci/gitlab/configs/linux/ci.yaml` in the repository of its recipes). Measured in
 * `tests/bench/waves-bench.ts`.
 */
export const LONG_SECONDS: ReadonlyMap<string, number> = new Map([
  ...secondsOf(
    3_600,
    'composable-kernel dealii gcc ginkgo lbann llvm llvm-amdgpu openfoam paraview py-jaxlib py-tensorflow py-torch qt ' +
      'rocblas root rust trilinos visit',
  ),
  ...secondsOf(
    900,
    'boost cmake geant4 hpx kokkos-kernels lammps magma mesa mpich mvapich2 openblas openmpi petsc py-pandas py-scipy ' +
      'qt-base qt-declarative r vtk vtk-m wrf',
  ),
]);

function secondsOf(seconds: number, names: string): [string, number][] {
  return names.split(' ').map((name) => [name, seconds]);
}
