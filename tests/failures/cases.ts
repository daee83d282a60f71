/**
 * Recipes that fail, each in its own way, with the kind and the line of the log that a person would report.
 * `record.ts` runs them with a real Spack; its recordings are in `recorded/`.
 */
export interface FailureCase {
  /** The package is named `fails-<name>`. */
  name: string;
  /** Base class of the recipe, from `spack_repo.builtin.build_systems`. */
  base:
    | 'Package'
    | 'AutotoolsPackage'
    | 'MakefilePackage'
    | 'CMakePackage'
    | 'MesonPackage'
    | 'PythonPackage'
    | 'PerlPackage';
  /** Files in the source tarball. */
  source?: Record<string, string>;
  /** Body of the recipe. `URL` and `SHA256` are those of the tarball, `HTTP` a server that answers 404. */
  body: string;
  /** Expected kind in the catalog. */
  kind: string;
  /** Line that a person would quote. */
  quote: RegExp;
  /** Group of cases that need options of `spack install` and run separately. */
  group?: 'tests' | 'cache-only';
}

const VERSION = 'version("1.0", sha256="SHA256")';
const C = 'depends_on("c", type="build")';
const CXX = 'depends_on("cxx", type="build")';
const GOOD_C = 'int main(void) { return 0; }\n';
const BAD_C = 'int main(void) { return nothing_declared; }\n';
/** A configure script that does not change the Makefile. */
const CONFIGURE = '#!/bin/sh\necho "checking for a compiler... yes"\nexit 0\n';
const MAKE = 'all:\n\t$(CC) -o program main.c\ninstall:\n\tmkdir -p PREFIX && cp program PREFIX\n';
const CMAKE = 'cmake_minimum_required(VERSION 3.18)\nproject(trial C)\n';
const sh = (script: string) => `Executable("/bin/sh")("-c", ${JSON.stringify(script)})`;
const install = (...lines: string[]) =>
  `def install(self, spec, prefix):\n${lines.map((line) => `    ${line}`).join('\n')}`;

export const CASES: FailureCase[] = [
  {
    name: 'fetch-refused',
    base: 'Package',
    body: `version("1.0", sha256="${'0'.repeat(64)}", url="http://127.0.0.1:1/a-1.0.tar.gz")`,
    kind: 'fetch',
    quote: /Connection refused/,
  },
  {
    name: 'fetch-404',
    base: 'Package',
    body: `version("1.0", sha256="${'0'.repeat(64)}", url="HTTP/a-1.0.tar.gz")`,
    kind: 'fetch',
    quote: /404/,
  },
  {
    name: 'fetch-no-file',
    base: 'Package',
    body: `version("1.0", sha256="${'0'.repeat(64)}", url="file:///no/such/a-1.0.tar.gz")`,
    kind: 'fetch',
    quote: /No such file or directory|does not exist/,
  },
  {
    name: 'fetch-name',
    base: 'Package',
    body: `version("1.0", sha256="${'0'.repeat(64)}", url="http://no-such-host.invalid/a-1.0.tar.gz")`,
    kind: 'fetch',
    quote: /no-such-host|not known|resolution/,
  },
  {
    name: 'fetch-git',
    base: 'Package',
    body: `git = "file:///no/such/repository.git"\nversion("1.0", commit="${'1'.repeat(40)}")`,
    kind: 'fetch',
    quote: /repository|git/,
  },
  {
    name: 'checksum',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `version("1.0", sha256="${'0'.repeat(64)}")`,
    kind: 'fetch',
    quote: /sha256 checksum failed/,
  },
  {
    name: 'not-an-archive',
    base: 'Package',
    source: { NOT_AN_ARCHIVE: '<html>Please log in</html>\n' },
    body: `${VERSION}\n${install('pass')}`,
    kind: 'fetch',
    quote: /gzip|tar|archive/i,
  },
  {
    name: 'patch',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\npatch("wrong.patch")\n${install('pass')}`,
    kind: 'patch',
    quote: /patch/,
  },
  {
    name: 'patch-missing',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\npatch("HTTP/a.patch", sha256="${'0'.repeat(64)}")\n${install('pass')}`,
    // The patch could not be downloaded.
    kind: 'fetch',
    quote: /404|fetchers failed/,
  },
  {
    name: 'patch-method',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\ndef patch(self):\n    filter_file("a", "b", "no-such-file.c")\n${install('pass')}`,
    kind: 'patch',
    quote: /no-such-file\.c/,
  },
  {
    name: 'autoreconf',
    base: 'AutotoolsPackage',
    source: { 'configure.ac': 'AC_INIT\n' },
    body: `${VERSION}\ndef autoreconf(self, spec, prefix):\n    ${sh('echo "configure.ac:3: error: possibly undefined macro: AC_PROG_LIBTOOL"; exit 1')}`,
    kind: 'configure',
    quote: /possibly undefined macro/,
  },
  {
    name: 'configure',
    base: 'AutotoolsPackage',
    source: {
      configure:
        '#!/bin/sh\necho "checking for libfoo... no"\necho "configure: error: libfoo is required" >&2\nexit 1\n',
    },
    body: VERSION,
    kind: 'configure',
    quote: /configure: error: libfoo is required/,
  },
  {
    name: 'configure-python',
    base: 'AutotoolsPackage',
    source: { configure: '#!/usr/bin/env python3\nimport no_such_module\n' },
    body: VERSION,
    kind: 'configure',
    quote: /No module named 'no_such_module'/,
  },
  {
    name: 'compile',
    base: 'AutotoolsPackage',
    source: { configure: CONFIGURE, Makefile: MAKE, 'main.c': BAD_C },
    body: `${VERSION}\n${C}`,
    kind: 'compile',
    quote: /main\.c:1:\d+: error: .*nothing_declared/,
  },
  {
    name: 'header',
    base: 'AutotoolsPackage',
    source: { configure: CONFIGURE, Makefile: MAKE, 'main.c': `#include "no_such_header.h"\n${GOOD_C}` },
    body: `${VERSION}\n${C}`,
    kind: 'compile',
    quote: /fatal error: no_such_header\.h/,
  },
  {
    name: 'link',
    base: 'AutotoolsPackage',
    source: {
      configure: CONFIGURE,
      Makefile: MAKE,
      'main.c': 'int f(void);\nint main(void) { return f(); }\n',
    },
    body: `${VERSION}\n${C}`,
    kind: 'compile',
    quote: /undefined reference to .f/,
  },
  {
    name: 'link-library',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\t$(CC) main.c -lno_such_library\n', 'main.c': GOOD_C },
    body: `${VERSION}\n${C}\ndef edit(self, spec, prefix):\n    pass`,
    kind: 'compile',
    quote: /cannot find -lno_such_library/,
  },
  {
    name: 'make-install',
    base: 'AutotoolsPackage',
    source: { configure: CONFIGURE, Makefile: 'all:\n\ttrue\ninstall:\n\tcp no-such-file /tmp/\n' },
    body: VERSION,
    kind: 'install',
    quote: /cannot stat 'no-such-file'/,
  },
  {
    name: 'make-denied',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\ttrue\ninstall:\n\ttouch /proc/version-of-mine\n' },
    body: VERSION,
    kind: 'install',
    quote: /touch: .*proc/,
  },
  {
    name: 'edit',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\ttrue\n' },
    body: `${VERSION}\ndef edit(self, spec, prefix):\n    filter_file("a", "b", "Makefile.config")`,
    kind: 'configure',
    quote: /Makefile\.config/,
  },
  {
    name: 'make-rule',
    base: 'MakefilePackage',
    source: { Makefile: 'all: no-such-target.o\n\ttrue\n' },
    body: VERSION,
    kind: 'compile',
    quote: /No rule to make target/,
  },
  {
    name: 'make-tool',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\tno-such-tool --version\n' },
    body: VERSION,
    kind: 'compile',
    quote: /no-such-tool/,
  },
  {
    name: 'cxx',
    base: 'MakefilePackage',
    source: {
      Makefile: 'all:\n\t$(CXX) -c main.cc\n',
      'main.cc': '#include <vector>\nint main() { std::vector<int> v; v.no_such_member(); }\n',
    },
    body: `${VERSION}\n${CXX}`,
    kind: 'compile',
    quote: /main\.cc:2:\d+: error: .*no_such_member/,
  },
  {
    name: 'cxx-warnings',
    base: 'MakefilePackage',
    source: {
      Makefile: 'all:\n\t$(CXX) -Wall -c -k main.cc || $(CXX) -Wall -c main.cc\n',
      'main.cc':
        '#warning "error: this is only a warning"\n' +
        Array.from({ length: 60 }, (_, index) => `static int unused_${index}(void) { return 1; }\n`).join(
          '',
        ) +
        'int main() { return no_such_thing; }\n',
    },
    body: `${VERSION}\n${CXX}`,
    kind: 'compile',
    quote: /main\.cc:62:\d+: error: .*no_such_thing/,
  },
  {
    name: 'fortran',
    base: 'MakefilePackage',
    source: {
      Makefile: 'all:\n\t$(FC) -c main.f90\n',
      'main.f90': 'program main\n  use no_such_module\nend program\n',
    },
    body: `${VERSION}\ndepends_on("fortran", type="build")`,
    kind: 'compile',
    quote: /Cannot open module file .no_such_module\.mod/,
  },
  {
    name: 'internal-error',
    base: 'MakefilePackage',
    source: {
      Makefile: 'all:\n\t@echo "main.c:7:3: internal compiler error: Segmentation fault" >&2; exit 4\n',
    },
    body: VERSION,
    kind: 'compile',
    quote: /internal compiler error/,
  },
  {
    name: 'cmake-package',
    base: 'CMakePackage',
    source: { 'CMakeLists.txt': `${CMAKE}find_package(NoSuchPackage REQUIRED)\n` },
    body: `${VERSION}\n${C}`,
    kind: 'configure',
    quote: /NoSuchPackage|CMake Error at CMakeLists\.txt:3/,
  },
  {
    name: 'cmake-message',
    base: 'CMakePackage',
    source: { 'CMakeLists.txt': `${CMAKE}message(FATAL_ERROR "This needs a feature that is off")\n` },
    body: `${VERSION}\n${C}`,
    kind: 'configure',
    quote: /This needs a feature that is off|CMake Error at CMakeLists\.txt:3/,
  },
  {
    name: 'cmake-compile',
    base: 'CMakePackage',
    source: { 'CMakeLists.txt': `${CMAKE}add_executable(trial main.c)\n`, 'main.c': BAD_C },
    body: `${VERSION}\n${C}`,
    kind: 'compile',
    quote: /main\.c:1:\d+: error: .*nothing_declared/,
  },
  {
    name: 'cmake-install',
    base: 'CMakePackage',
    source: { 'CMakeLists.txt': `${CMAKE}install(FILES no-such-file DESTINATION share)\n` },
    body: `${VERSION}\n${C}`,
    kind: 'install',
    quote: /file INSTALL cannot find/,
  },
  {
    name: 'meson',
    base: 'MesonPackage',
    source: { 'meson.build': "project('trial', 'c')\ndependency('no-such-dependency')\n" },
    body: `${VERSION}\n${C}`,
    kind: 'configure',
    quote: /ERROR: .*no-such-dependency.* not found/,
  },
  {
    name: 'meson-compile',
    base: 'MesonPackage',
    source: { 'meson.build': "project('trial', 'c')\nexecutable('trial', 'main.c')\n", 'main.c': BAD_C },
    body: `${VERSION}\n${C}`,
    kind: 'compile',
    quote: /main\.c:1:\d+: error: .*nothing_declared/,
  },
  {
    name: 'python-setup',
    base: 'PythonPackage',
    source: { 'setup.py': 'raise RuntimeError("this needs a library that is not here")\n' },
    body: `${VERSION}\ndepends_on("py-setuptools", type="build")`,
    kind: 'configure',
    quote: /RuntimeError: this needs a library/,
  },
  {
    name: 'python-backend',
    base: 'PythonPackage',
    source: {
      'pyproject.toml':
        '[build-system]\nrequires = []\nbuild-backend = "no_such_backend"\n[project]\nname="a"\nversion="1"\n',
    },
    body: VERSION,
    kind: 'configure',
    quote: /no_such_backend|BackendUnavailable/,
  },
  {
    name: 'python-extension',
    base: 'PythonPackage',
    source: {
      'setup.py':
        'from setuptools import setup, Extension\nsetup(name="a", version="1", ext_modules=[Extension("a", ["a.c"])])\n',
      'a.c': BAD_C,
    },
    body: `${VERSION}\n${C}\ndepends_on("py-setuptools", type="build")`,
    kind: 'compile',
    quote: /a\.c:1:\d+: error: .*nothing_declared/,
  },
  {
    name: 'python-import',
    base: 'PythonPackage',
    source: {
      'setup.py': 'from setuptools import setup\nsetup(name="aimport", version="1", packages=["aimport"])\n',
      'aimport/__init__.py': 'import no_such_module\n',
    },
    body: `${VERSION}\ndepends_on("py-setuptools", type="build")\nimport_modules = ["aimport"]`,
    kind: 'test',
    quote: /No module named '(no_such_module|aimport)'/,
    group: 'tests',
  },
  {
    name: 'make-check',
    base: 'AutotoolsPackage',
    source: {
      configure: CONFIGURE,
      Makefile:
        'all:\n\ttrue\ncheck:\n\t@echo "FAIL: trial_test"; echo "1 of 3 tests failed"; exit 1\ninstall:\n\ttrue\n',
    },
    body: VERSION,
    kind: 'test',
    quote: /FAIL: trial_test|1 of 3 tests failed/,
    group: 'tests',
  },
  {
    name: 'sanity',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\nsanity_check_is_file = ["bin/trial"]\n${install('mkdirp(prefix.bin)')}`,
    kind: 'install',
    quote: /bin\/trial/,
  },
  {
    name: 'empty',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install('pass')}`,
    kind: 'install',
    quote: /Nothing was installed/,
  },
  {
    name: 'generic-configure',
    base: 'Package',
    source: { configure: '#!/bin/sh\necho "configure: error: zlib not found"\nexit 1\n' },
    body: `${VERSION}\n${install('configure()', 'make()')}`,
    kind: 'configure',
    quote: /configure: error: zlib not found/,
  },
  {
    name: 'generic-compile',
    base: 'Package',
    source: { Makefile: MAKE, 'main.c': BAD_C },
    body: `${VERSION}\n${C}\ndepends_on("gmake", type="build")\n${install('make()')}`,
    kind: 'compile',
    quote: /main\.c:1:\d+: error: .*nothing_declared/,
  },
  {
    name: 'generic-copy',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install('mkdirp(prefix.bin)', 'install("no-such-program", prefix.bin)')}`,
    kind: 'install',
    quote: /no-such-program/,
  },
  {
    name: 'program-missing',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install('which("no-such-program", required=True)()')}`,
    kind: 'other',
    quote: /no-such-program/,
  },
  {
    name: 'recipe',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install('self.no_such_method()')}`,
    kind: 'other',
    quote: /no_such_method/,
  },
  {
    name: 'memory-compiler',
    base: 'MakefilePackage',
    source: {
      Makefile: 'all:\n\tulimit -v 60000; $(CC) -c main.c\n',
      'main.c': '#define A(x) x,x,x,x,x,x,x,x,x,x\nint a[] = { A(A(A(A(A(A(1)))))) };\n',
    },
    body: `${VERSION}\n${C}`,
    kind: 'memory',
    quote: /memory|Killed/i,
  },
  {
    name: 'memory-python',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install(`Executable("python3")("-c", "x = bytearray(1 << 55)")`)}`,
    kind: 'memory',
    quote: /MemoryError/,
  },
  {
    name: 'memory-killed',
    base: 'MakefilePackage',
    source: {
      Makefile:
        'all:\n\t@echo "gcc: fatal error: Killed signal terminated program cc1plus" >&2; echo "compilation terminated." >&2; exit 1\n',
    },
    body: VERSION,
    kind: 'memory',
    quote: /Killed signal terminated program cc1plus/,
  },
  {
    name: 'killed-make',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\tkill -9 $$$$\n' },
    body: VERSION,
    kind: 'killed',
    quote: /Killed/,
  },
  {
    name: 'killed',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install('import os', 'os.kill(os.getpid(), 9)')}`,
    kind: 'killed',
    quote: /killed|ended without a message|signal 9/,
  },
  {
    name: 'disk',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\tcat Makefile > /dev/full\n' },
    body: VERSION,
    kind: 'disk',
    quote: /No space left on device/,
  },
  {
    name: 'disk-recipe',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install('with open("/dev/full", "w") as f:', '    f.write("x" * 100000)')}`,
    kind: 'disk',
    quote: /No space left on device/,
  },
  {
    name: 'patch-reversed',
    base: 'Package',
    source: { 'main.c': 'new\n' },
    body: `${VERSION}\npatch("wrong.patch")\n${install('pass')}`,
    kind: 'patch',
    quote: /patch/,
  },
  {
    name: 'resource',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\nresource(name="data", url="HTTP/data.tar.gz", sha256="${'0'.repeat(64)}", placement="data")\n${install('pass')}`,
    kind: 'fetch',
    quote: /404|fetchers failed/,
  },
  {
    name: 'configure-compiler',
    base: 'AutotoolsPackage',
    source: {
      configure:
        '#!/bin/sh\necho "checking whether the C compiler works... no"\necho "configure: error: in /build:" >&2\n' +
        'echo "configure: error: C compiler cannot create executables" >&2\n' +
        'echo "See config.log for more details" >&2\nexit 77\n',
    },
    body: `${VERSION}\n${C}`,
    kind: 'configure',
    quote: /configure: error: /,
  },
  {
    name: 'meson-version',
    base: 'MesonPackage',
    source: { 'meson.build': "project('trial', 'c', meson_version: '>= 99')\n" },
    body: `${VERSION}\n${C}`,
    kind: 'configure',
    quote: /ERROR: Meson version is .* but project requires >= 99/,
  },
  {
    name: 'meson-install',
    base: 'MesonPackage',
    source: {
      'meson.build':
        "project('trial', 'c')\nmeson.add_install_script('sh', '-c', 'echo no licence file; exit 3')\n",
    },
    body: `${VERSION}\n${C}`,
    kind: 'install',
    quote: /no licence file|install script/,
  },
  {
    name: 'perl-module',
    base: 'PerlPackage',
    source: { 'Makefile.PL': 'use No::Such::Module;\n' },
    body: VERSION,
    kind: 'configure',
    quote: /Can't locate No\/Such\/Module\.pm/,
  },
  {
    name: 'generic-assembler',
    base: 'Package',
    source: { Makefile: 'all:\n\t$(CC) -c trial.s\n', 'trial.s': 'main:\n\tnosuchinstruction %eax\n' },
    body: `${VERSION}\n${C}\ndepends_on("gmake", type="build")\n${install('make()')}`,
    kind: 'compile',
    quote: /trial\.s:2: Error: no such instruction/,
  },
  {
    name: 'generic-rust',
    base: 'Package',
    source: {
      Makefile:
        'all:\n\t@printf "error[E0425]: cannot find value \\140y\\140 in this scope\\n --> src/main.rs:1:13\\n\\n' +
        'error: could not compile \\140trial\\140 (bin \\"trial\\") due to 1 previous error\\n" >&2; exit 101\n',
    },
    body: `${VERSION}\ndepends_on("gmake", type="build")\n${install('make()')}`,
    kind: 'compile',
    quote: /E0425|could not compile/,
  },
  {
    name: 'cmake-link',
    base: 'CMakePackage',
    source: {
      'CMakeLists.txt': `${CMAKE}add_executable(trial main.c)\ntarget_link_libraries(trial no_such_library)\n`,
      'main.c': GOOD_C,
    },
    body: `${VERSION}\n${C}`,
    kind: 'compile',
    quote: /cannot find -lno_such_library/,
  },
  {
    name: 'cmake-install-denied',
    base: 'CMakePackage',
    source: {
      'CMakeLists.txt': `${CMAKE}install(FILES main.c DESTINATION /proc/of-mine)\n`,
      'main.c': GOOD_C,
    },
    body: `${VERSION}\n${C}`,
    kind: 'install',
    quote: /of-mine/,
  },
  {
    name: 'make-no-install',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\ttrue\n' },
    body: VERSION,
    kind: 'install',
    quote: /No rule to make target 'install'/,
  },
  {
    name: 'environment-setup',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\ndef setup_build_environment(self, env):\n    env.set("A", self.spec["no-such-package"].prefix)\n${install('pass')}`,
    kind: 'other',
    quote: /no-such-package|No spec with name/,
  },
  {
    name: 'segfault',
    base: 'MakefilePackage',
    source: { Makefile: 'all:\n\tkill -SEGV $$$$\n' },
    body: VERSION,
    kind: 'compile',
    quote: /Segmentation fault/,
  },
  {
    name: 'no-binary',
    base: 'Package',
    source: { 'main.c': GOOD_C },
    body: `${VERSION}\n${install('mkdirp(prefix.bin)')}`,
    kind: 'binary',
    quote: /binary/i,
    group: 'cache-only',
  },
];
