import { ownValue } from '../../schemas/safe-text.ts';

/** Names that compilers had before Spack 1.0, which it still takes for their packages. Source: Spack's `aliases.py`. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'intel-oneapi-compilers': 'oneapi',
  'intel-oneapi-compilers-classic': 'intel',
  acfl: 'arm',
  llvm: 'clang',
  'llvm-amdgpu': 'rocmcc',
};

/** What a compiler's package was called before Spack 1.0: `clang` for llvm. Undefined for other packages. */
export function oldCompilerName(name: string): string | undefined {
  return ownValue(OLD_NAMES, name);
}
