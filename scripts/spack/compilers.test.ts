import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { addLibraryPath, prepareCompilers } from './open-spack.ts';

/** Entry that `spack compiler find` writes for a compiler in a prefix. */
function packages(prefix: string): string {
  const compilers = `compilers: {c: ${prefix}/bin/gcc, cxx: ${prefix}/bin/g++}`;
  return `packages:\n  gcc:\n    externals:\n    - spec: gcc@14.2.1 languages:='c,c++'\n      prefix: ${prefix}\n      extra_attributes:\n        ${compilers}\n  all: {require: [target=x86_64_v3]}\n`;
}

const TOOLSET = '/opt/rh/gcc-toolset-14/root/usr';

test("a compiler gets the machine's folders that are in its own prefix, and no other", () => {
  const text = addLibraryPath(packages(TOOLSET), [
    `${TOOLSET}/lib64`,
    '/opt/cuda/lib64',
    `${TOOLSET}-2/lib`,
    `${TOOLSET}/lib`,
  ]);
  const [gcc] = parse(text).packages.gcc.externals;
  expect(gcc.extra_attributes).toEqual({
    compilers: { c: `${TOOLSET}/bin/gcc`, cxx: `${TOOLSET}/bin/g++` },
    environment: { prepend_path: { LD_LIBRARY_PATH: `${TOOLSET}/lib64:${TOOLSET}/lib` } },
  });
  expect(addLibraryPath(text, [`${TOOLSET}/lib64`])).toBe(text);
});

test('a compiler of the system stays as Spack has found it', () => {
  const text = packages('/usr');
  expect(addLibraryPath(text, ['/usr/lib64', '/usr/local/lib'])).toBe(text);
  expect(addLibraryPath('packages: {}\n', ['/opt/lib'])).toBe('packages: {}\n');
});

/** A compiler in a prefix of its own, which works with a library of its own alone, as those of Red Hat's toolsets. */
function makeToolset(): { prefix: string; file: string } {
  const prefix = mkdtempSync(join(tmpdir(), 'toolset-'));
  onTestFinished(() => rmSync(prefix, { recursive: true }));
  for (const folder of ['bin', 'lib64']) mkdirSync(join(prefix, folder));
  const failure = 'echo "as: error while loading shared libraries: libbfd.so" >&2; exit 1';
  const script = `#!/bin/sh\ncase "$LD_LIBRARY_PATH" in ${prefix}/lib64) exec cc "$@";; esac\n${failure}\n`;
  writeFileSync(join(prefix, 'bin/gcc'), script, { mode: 0o755 });
  const file = join(prefix, 'packages.yaml');
  writeFileSync(file, packages(prefix));
  return { prefix, file };
}

const environment = { PATH: process.env['PATH'] ?? '' };

test('a compiler with libraries of its own gets them, and no folder that is not there', async () => {
  const { prefix, file } = makeToolset();
  await prepareCompilers(file, environment, `${prefix}/lib64:${prefix}/lib64/dyninst:`);
  const [gcc] = parse(readFileSync(file, 'utf8')).packages.gcc.externals;
  expect(gcc.extra_attributes.environment).toEqual({ prepend_path: { LD_LIBRARY_PATH: `${prefix}/lib64` } });
});

test('one that makes no program is named in the first minute, with what it says and what to do', async () => {
  const { prefix, file } = makeToolset();
  await expect(prepareCompilers(file, environment, undefined)).rejects.toThrow(
    `found none on this machine: ${prefix}/bin/gcc: as: error while loading shared libraries: libbfd.so; repair it, or give`,
  );
  await prepareCompilers(join(prefix, 'no-such-file.yaml'), environment, undefined);
});
