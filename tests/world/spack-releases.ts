import { chmodSync, cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { commitFiles, git, makeRepository, writeFiles } from './git.ts';
import { findRecipes, type Spack } from './spack.ts';

/** Builtin packages that Spack reads when it concretizes a C program on this machine. */
const NEEDED = [
  'binutils',
  'compiler_wrapper',
  'elfutils',
  'gcc',
  'gcc_runtime',
  'glibc',
  'libarchive',
  'mbedtls',
];

/** Stand-ins for github.com/spack/spack and spack-packages: git repositories with release tags. */
export interface SpackReleases {
  /** Variables with their addresses. */
  environment: { SPACK_GIT_URL: string; SPACK_PACKAGES_GIT_URL: string };
  /** Tags a release of Spack, with the unchanged Spack of this machine. */
  releaseSpack(tag: string): void;
  /** Tags a release of the unchanged recipes. */
  releaseRecipes(tag: string): void;
}

/** Creates both without a release. It has only the recipes for a C program, which Spack reads in seconds. */
export async function makeSpackReleases(folder: string, { program }: Spack): Promise<SpackReleases> {
  const [spack, packages] = [join(folder, 'spack'), join(folder, 'spack-packages')];
  for (const repository of [spack, packages]) {
    makeRepository(repository);
    // GitHub allows both of these.
    for (const name of ['allowFilter', 'allowAnySHA1InWant'])
      git(repository, 'config', `uploadpack.${name}`, 'true');
  }
  writeFiles(spack, { 'bin/spack': `#!/bin/sh\nexec "${program}" "$@"\n` });
  chmodSync(join(spack, 'bin/spack'), 0o755);
  const from = await findRecipes(program);
  if (from === undefined) throw new Error(`expected recipes of ${program}`);
  const paths = ['repo.yaml', '__init__.py', 'build_systems', ...NEEDED.map((name) => `packages/${name}`)];
  for (const path of paths) {
    const target = join(packages, 'repos/spack_repo/builtin', path);
    cpSync(join(from, path), target, { recursive: true, filter: (file) => basename(file) !== '__pycache__' });
  }

  function release(repository: string, tag: string): void {
    commitFiles(repository, { RELEASE: tag });
    git(repository, 'tag', tag);
  }

  return {
    environment: { SPACK_GIT_URL: `file://${spack}`, SPACK_PACKAGES_GIT_URL: `file://${packages}` },
    releaseSpack: (tag) => release(spack, tag),
    releaseRecipes: (tag) => release(packages, tag),
  };
}
