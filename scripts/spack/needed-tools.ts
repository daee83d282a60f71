import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * What Spack needs of a Linux machine before it can build anything, each with the programs of which one is enough. Source:
 * "System Prerequisites" of Spack's manual, without what it builds itself (make, gpg).
 */
const NEEDED: Record<string, string[]> = {
  'a C compiler': ['gcc', 'clang', 'cc'],
  'a C++ compiler': ['g++', 'clang++', 'c++'],
  'Python 3': ['python3', 'python', '/usr/libexec/platform-python'],
  ...Object.fromEntries(
    ['git', 'patch', 'tar', 'gzip', 'bzip2', 'xz', 'unzip', 'file'].map((name) => [name, [name]]),
  ),
};

/** What a machine lacks of what Spack needs. */
function findMissingTools(environment: Record<string, string | undefined>): string[] {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const python = environment['SPACK_PYTHON'];
  return Object.entries(NEEDED).flatMap(([what, programs]) => {
    if (what === 'Python 3' && python !== undefined && python !== '') return [];
    const isThere = programs.some((program) =>
      program.startsWith('/')
        ? existsSync(program)
        : folders.some((folder) => existsSync(join(folder, program))),
    );
    return isThere ? [] : [what];
  });
}

/** Throws one sentence that names all that is missing: an image for Linux may have neither compiler nor patch. */
export function expectTools(environment: Record<string, string | undefined>): void {
  const missing = findMissingTools(environment);
  if (missing.length === 0) return;
  throw new Error(
    `this machine lacks what Spack needs to build: ${missing.join(', ')}; install it, or name another container in the settings`,
  );
}
