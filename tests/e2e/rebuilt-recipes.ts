import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../tools/path.ts';

/** A recipe: a shell script that runs in an empty folder with `$prefix`, `$CC`, `$CXX` and `$JOBS`. */
interface Recipe {
  /** Name of the package. */
  name: string;
  script: string;
  /** Programs that it needs on the machine. */
  needs?: string[];
}

const HELLO = `printf '#include <stdio.h>\\nint main(void) { puts("hello"); return 0; }\\n' > main.c`;
const PARTS = `printf 'int one(void) { return 1; }\\n' > one.c; printf 'int two(void) { return 2; }\\n' > two.c`;
const TREE = 'mkdir -p tree/a tree/b && echo one > tree/a/one && echo two > tree/b/two';

/** Reproducible recipes: two builds are equal regardless of place, time and number of jobs. */
const CLEAN: Recipe[] = [
  { name: 'clean-script', script: 'echo "#!/bin/sh\necho hi" > $prefix/bin/hi; chmod 755 $prefix/bin/hi' },
  { name: 'clean-program', script: `${HELLO}; $CC -O2 -o $prefix/bin/hello main.c` },
  {
    name: 'clean-cxx',
    script: `printf '#include <iostream>\\nint main() { std::cout << 1; }\\n' > m.cpp; $CXX -o $prefix/bin/m m.cpp`,
  },
  {
    name: 'clean-debug',
    script: `${HELLO}; $CC -g -ffile-prefix-map=$PWD=. -o $prefix/bin/hello main.c`,
  },
  {
    name: 'clean-file-macro',
    script: `echo 'const char *file = __FILE__;' > f.c; $CC -fmacro-prefix-map=$PWD=. -c -o $prefix/lib/f.o $PWD/f.c`,
  },
  {
    name: 'clean-epoch',
    script: `echo 'const char *day = __DATE__ " " __TIME__;' > d.c; SOURCE_DATE_EPOCH=1700000000 $CC -c -o $prefix/lib/d.o d.c`,
  },
  {
    name: 'clean-shared',
    script: `${PARTS}; $CC -shared -fPIC -Wl,-soname,libx.so.1 -o $prefix/lib/libx.so.1.2 one.c two.c
      cd $prefix/lib; ln -s libx.so.1.2 libx.so.1; ln -s libx.so.1 libx.so`,
  },
  {
    name: 'clean-rpath',
    script: `${PARTS}; $CC -shared -fPIC -o $prefix/lib/libone.so one.c
      echo 'int one(void); int main(void) { return one(); }' > m.c
      $CC -o $prefix/bin/m m.c -L$prefix/lib -lone -Wl,-rpath,$prefix/lib; $prefix/bin/m || test $? = 1`,
  },
  {
    name: 'clean-static',
    script: `${PARTS}; $CC -c one.c two.c; ar rcD $prefix/lib/libx.a one.o two.o; ranlib -D $prefix/lib/libx.a`,
  },
  {
    name: 'clean-make',
    needs: ['make'],
    script: `${PARTS}; printf 'all: libx.a\\nlibx.a: one.o two.o\\n\\tar rcD $@ $^\\ninstall: all\\n\\tcp libx.a $(to)\\n' > Makefile
      touch one.c; make -j$JOBS; make -q all; make install to=$prefix/lib`,
  },
  {
    name: 'clean-configure',
    needs: ['make'],
    script: `printf 'prefix = @prefix@\\ninstall:\\n\\techo $(prefix) > $(prefix)/share/where\\n' > Makefile.in
      printf 'sed "s,@prefix@,$1,g" Makefile.in > Makefile\\n' > configure; sh configure $prefix; make install`,
  },
  {
    name: 'clean-cmake',
    needs: ['cmake', 'make'],
    script: `${HELLO}; printf 'cmake_minimum_required(VERSION 3.10)\\nproject(x C)\\nadd_executable(hello main.c)\\ninstall(TARGETS hello)\\n' > CMakeLists.txt
      cmake -DCMAKE_INSTALL_PREFIX=$prefix -B b .; cmake --build b -j$JOBS; cmake --install b`,
  },
  {
    name: 'clean-ninja',
    needs: ['ninja'],
    script: `${HELLO}; printf 'rule cc\\n  command = $$CC -o $out $in\\nbuild hello: cc main.c\\n' > build.ninja
      ninja; ninja | grep -q 'no work'; cp hello $prefix/bin`,
  },
  {
    name: 'clean-python',
    needs: ['python3'],
    script: `mkdir $prefix/lib/p; echo 'def f(): return 1' > $prefix/lib/p/__init__.py
      python3 -m compileall -q -s $prefix --invalidation-mode checked-hash $prefix/lib/p
      python3 -c 'import subprocess, time; time.sleep(0.01); subprocess.run(["true"], timeout=60)'`,
  },
  {
    name: 'clean-wheel',
    needs: ['python3'],
    script: `python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as file: file.writestr(zipfile.ZipInfo("m.py", (1980, 1, 1, 0, 0, 0)), "x = 1")' $prefix/share/m.whl`,
  },
  {
    name: 'clean-manual',
    script: `mkdir -p $prefix/share/man/man1; printf '.TH X 1 2024-01-01\\n' > x.1; gzip -9n x.1; cp x.1.gz $prefix/share/man/man1`,
  },
  {
    name: 'clean-tar',
    script: `${TREE}; tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf $prefix/share/t.tar tree`,
  },
  {
    name: 'clean-source-times',
    script: `${TREE}; find tree -exec touch -d @1700000000 {} +; cp -Rp tree copy
      tar --sort=name --owner=0 --group=0 --numeric-owner -cf $prefix/share/t.tar copy`,
  },
  { name: 'clean-xz', needs: ['xz'], script: `seq 5000 | xz -T1 > $prefix/share/n.xz` },
  {
    name: 'clean-links',
    script: 'echo x > $prefix/share/x; ln -s x $prefix/share/near; ln -s $prefix/share/x $prefix/share/far',
  },
  { name: 'clean-hard-links', script: 'echo x > $prefix/bin/x; ln $prefix/bin/x $prefix/bin/y' },
  {
    name: 'clean-pkg-config',
    script: `mkdir $prefix/lib/pkgconfig; printf 'prefix=%s\\nName: x\\nVersion: 1\\nDescription: x\\nLibs: -L%s/lib\\n' $prefix $prefix > $prefix/lib/pkgconfig/x.pc`,
  },
  {
    name: 'clean-la',
    script: `printf "# libx.la\\ndlname=''\\nlibdir='%s/lib'\\ndependency_libs=' -L%s/lib'\\n" $prefix $prefix > $prefix/lib/libx.la`,
  },
  { name: 'clean-sorted', script: `${TREE}; find tree -type f | LC_ALL=C sort > $prefix/share/files` },
  {
    name: 'clean-modes',
    script:
      'mkdir -m 700 $prefix/share/own; echo x > $prefix/share/own/ä; chmod 640 $prefix/share/own/ä; mkdir $prefix/share/empty',
  },
  {
    name: 'clean-java',
    needs: ['javac', 'jar'],
    script: `echo 'class X { }' > X.java; javac X.java; jar --create --date=2024-01-01T00:00:00Z --file $prefix/share/x.jar X.class`,
  },
];

/** Recipes that record the day, month or year: equal when built twice on one day. */
const DATED: Recipe[] = [
  { name: 'dated-day', script: 'date +%F > $prefix/share/day' },
  { name: 'dated-month', script: 'date "+%b %Y" > $prefix/share/month' },
  { name: 'dated-year', script: 'date "+Copyright (c) %Y" > $prefix/share/year' },
  {
    name: 'dated-program',
    script: `printf '#include <stdio.h>\\nint main(void) { puts("of " __DATE__); return 0; }\\n' > m.c; $CC -o $prefix/bin/m m.c`,
  },
  {
    name: 'dated-cmake',
    needs: ['cmake'],
    script: `echo 'string(TIMESTAMP day "%Y-%m-%d")\nfile(WRITE "$ENV{prefix}/share/day" "\${day}")' > d.cmake; prefix=$prefix cmake -P d.cmake`,
  },
  {
    name: 'dated-python',
    needs: ['python3'],
    script: `python3 -c 'import sys, time; open(sys.argv[1], "w").write(time.strftime("%Y-%m-%d"))' $prefix/share/day`,
  },
];

/** Names of recipes whose programs are available. */
export interface RebuiltRecipes {
  clean: string[];
  dated: string[];
}

/** Name of the package that depends on all of them. */
export const ALL = 'all-rebuilt';

/** Writes a repository of recipes that can be built here. */
export async function writeRebuiltRecipes(folder: string): Promise<RebuiltRecipes> {
  const [clean, dated] = [CLEAN, DATED].map((recipes) =>
    recipes.filter(({ needs = [] }) => needs.every((program) => findProgram(program) !== undefined)),
  ) as [Recipe[], Recipe[]];
  const names = [...clean, ...dated].map(({ name }) => name);
  const write = async (name: string, body: string): Promise<void> => {
    const at = join(folder, 'spack_repo/rebuilt/packages', name.replaceAll('-', '_'));
    await mkdir(at, { recursive: true });
    const type = name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
    await writeFile(
      join(at, 'package.py'),
      `from spack_repo.builtin.build_systems.generic import Package\n\nfrom spack.package import *\n\n\n` +
        `class ${type}(Package):\n    """A recipe of a test."""\n\n    has_code = False\n    version("1.0")\n${body}`,
    );
  };
  for (const { name, script } of [...clean, ...dated]) {
    const text = JSON.stringify(
      `set -eu; unset MAKEFLAGS; prefix=$1 JOBS=$2; mkdir -p $prefix/bin $prefix/lib $prefix/share; ${script}`,
    );
    await write(
      name,
      '    depends_on("c", type="build")\n    depends_on("cxx", type="build")\n\n    def install(self, spec, prefix):\n' +
        `        Executable("/bin/sh")("-c", ${text}, "sh", str(prefix), str(make_jobs))\n`,
    );
  }
  const needs = names.map((name) => `    depends_on("${name}")\n`).join('');
  await write(ALL, `${needs}\n    def install(self, spec, prefix):\n        touch(prefix.join("all"))\n`);
  await writeFile(join(folder, 'spack_repo/rebuilt/repo.yaml'), 'repo:\n  namespace: rebuilt\n  api: v2.0\n');
  return { clean: clean.map(({ name }) => name), dated: dated.map(({ name }) => name) };
}
