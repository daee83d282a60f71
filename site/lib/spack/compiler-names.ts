import { ownValue } from '../../schemas/safe-text.ts';

/**
 * Names of compilers before Spack 1.0, still accepted as aliases of their packages.
 * Source: Spack's `aliases.py`.
 */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'intel-oneapi-compilers': 'oneapi',
  'intel-oneapi-compilers-classic': 'intel',
  acfl: 'arm',
  llvm: 'clang',
  'llvm-amdgpu': 'rocmcc',
};

/** Name of a compiler's package before Spack 1.0: `clang` for llvm. Undefined for other packages. */
export function oldCompilerName(name: string): string | undefined {
  return ownValue(OLD_NAMES, name);
}
