#!/bin/sh
# Makes an image for Docker that is as poor as the one that the default targets are built in, for a machine that cannot
# fetch that one. It needs Debian's packages, PyPI, root, debootstrap and docker:
#
#   sh tests/rehearse/manylinux.sh manylinux:stand-in
#   FULL=1 REHEARSAL_IMAGE=manylinux:stand-in npx vitest run --config tests/vitest.config.ts --project rehearsal tests/rehearse/container.test.ts
#
# Stands in for quay.io/pypa/manylinux_2_28_x86_64. Source: github.com/pypa/manylinux at ad3c453962dd6d0644f765dcc19cc79c6123b9a0
# (2026-06-28), docker/Dockerfile, build.sh and docker/build_scripts/{install-runtime-packages,finalize,finalize-one,
# update-system-packages}.sh; for what is below that, github.com/AlmaLinux/docker-images, dockerfiles/al8/Dockerfile.default.
#
# As there: the commands that are there and those that are not (no python3, gcc, sudo, ps, cmake or zstd on PATH), Python at
# /usr/libexec/platform-python and as python3.N, the compilers of gcc-toolset-14 in its folder alone, whose assembler and linker
# need LD_LIBRARY_PATH, its libstdc++.so, libgfortran.so and others as linker scripts for the system's libraries, the
# environment, the name of the system.
# Otherwise than there: glibc is 2.31, GCC 10 and Python 3.9 (there 2.28, 14 and 3.6): the oldest and newest that Debian 11 has;
# Python has clingo, which Spack fetches on GitHub. PLATFORM_PYTHON names a folder with another Python, to be put in place of it.
set -eu
image=${1:?expected the name of the image, such as manylinux:stand-in}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
toolset=/opt/rh/gcc-toolset-14/root

debootstrap --variant=minbase --include=ca-certificates,autoconf,automake,bison,bzip2,curl,diffutils,file,make,patch,unzip,gnupg,gzip,hostname,tar,xz-utils,libc6-dev,libstdc++-10-dev,zlib1g-dev,libexpat1-dev,binutils,gcc-10,g++-10,gfortran-10,git,openssl,locales,python3,pkg-config \
  bullseye "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"

python3 -m pip download --quiet --only-binary :all: --python-version 39 --platform manylinux2014_x86_64 --dest "$root/wheels" clingo cffi pycparser
for wheel in "$root"/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$root/usr/lib/python3/dist-packages"; done
rm -rf "$root/wheels"
[ -z "${PLATFORM_PYTHON:-}" ] || cp -a "$PLATFORM_PYTHON" "$root/opt/platform-python"

cat > "$root/reshape" << 'END'
set -eu
toolset=/opt/rh/gcc-toolset-14/root
lib=$toolset/usr/lib/gcc/x86_64-linux-gnu
mkdir -p $toolset/usr/bin $lib $toolset/usr/include/c++ $toolset/usr/include/x86_64-linux-gnu/c++ /usr/libexec /opt/_internal
# Compilers and binutils of the toolset. GCC finds its parts from where it is.
for name in gcc g++ gfortran cpp gcc-ar gcc-nm gcc-ranlib gcov; do mv /usr/bin/x86_64-linux-gnu-$name-10 $toolset/usr/bin/$name; done
rm -f /usr/bin/*-10
ln -s gcc $toolset/usr/bin/cc
ln -s g++ $toolset/usr/bin/c++
ln -s gfortran $toolset/usr/bin/f95
ln -s gcc $toolset/usr/bin/x86_64-redhat-linux-gcc
ln -s gcc $toolset/usr/bin/x86_64-redhat-linux-gcc-14
ln -s g++ $toolset/usr/bin/x86_64-redhat-linux-g++
for name in as ld ld.bfd ld.gold ar nm ranlib strip objcopy objdump readelf; do cp -L /usr/bin/$name $toolset/usr/bin/$name; done
# Their libraries are found by LD_LIBRARY_PATH alone, as there: https://github.com/spack/spack/issues/48267
mkdir -p $toolset/usr/lib64
mv /usr/lib/x86_64-linux-gnu/libbfd-* /usr/lib/x86_64-linux-gnu/libopcodes-* /usr/lib/x86_64-linux-gnu/libctf* $toolset/usr/lib64/
mv /usr/lib/gcc/x86_64-linux-gnu/10 $lib/10
rm -rf /usr/lib/gcc
mv /usr/include/c++/10 $toolset/usr/include/c++/10
mv /usr/include/x86_64-linux-gnu/c++/10 $toolset/usr/include/x86_64-linux-gnu/c++/10
# The system's libraries, and what they lack from an archive. finalize.sh of the image names libstdc++ once more.
system=/usr/lib/x86_64-linux-gnu
rm -f $lib/10/lib*san.so $lib/10/libitm.so
script() { rm -f "$lib/10/$1"; printf '/* GNU ld script */\nOUTPUT_FORMAT(elf64-x86-64)\nINPUT ( %s )\n' "$2" > "$lib/10/$1"; }
export LD_LIBRARY_PATH=$toolset/usr/lib64
: | $toolset/usr/bin/gcc -x c -c - -o /tmp/none.o
for name in stdc++ gfortran; do $toolset/usr/bin/ar rcs $lib/10/lib${name}_nonshared.a /tmp/none.o; done
script libstdc++.so "$system/libstdc++.so.6 -lstdc++_nonshared $system/libstdc++.so.6"
script libgfortran.so "$system/libgfortran.so.5 -lgfortran_nonshared"
script libgomp.so "$system/libgomp.so.1"
script libquadmath.so "$system/libquadmath.so.0"
script libatomic.so "$system/libatomic.so.1"
rm -f /tmp/none.o
# Python: dnf's own, and one by its version, which is a script.
rm -f /usr/bin/python3 /usr/bin/python /usr/bin/pydoc3*
mkdir -p /opt/_internal/cpython-3.9/bin /opt/python
mv /usr/bin/python3.9 /opt/_internal/cpython-3.9/bin/python
ln -s /opt/_internal/cpython-3.9 /opt/python/cp39-cp39
printf '#!/bin/sh\nexec "/opt/python/cp39-cp39/bin/python" "$@"\n' > /usr/local/bin/python3.9
chmod +x /usr/local/bin/python3.9
if [ -d /opt/platform-python ]; then ln -s /opt/platform-python/bin/python3 /usr/libexec/platform-python
else ln -s /opt/_internal/cpython-3.9/bin/python /usr/libexec/platform-python; fi
localedef -i en_US -f UTF-8 en_US.UTF-8
printf '%s\n' 'NAME="AlmaLinux"' 'VERSION="8.10"' 'ID="almalinux"' 'ID_LIKE="rhel centos fedora"' 'VERSION_ID="8.10"' > /etc/os-release
rm -f /etc/debian_version /etc/lsb-release
ldconfig
ln -s /etc/ssl/certs/ca-certificates.crt /opt/_internal/certs.pem
printf '#!/bin/bash\nset -eu\nexec "$@"\n' > /usr/local/bin/manylinux-entrypoint
chmod +x /usr/local/bin/manylinux-entrypoint
END
chroot "$root" sh /reshape
rm -rf "$root/reshape" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*

libraries=$toolset/usr/lib64:$toolset/usr/lib:$toolset/usr/lib64/dyninst:$toolset/usr/lib/dyninst
tar -C "$root" -c . | docker import \
  --change "ENV AUDITWHEEL_POLICY=manylinux_2_28 AUDITWHEEL_ARCH=x86_64 AUDITWHEEL_PLAT=manylinux_2_28_x86_64" \
  --change "ENV LC_ALL=en_US.UTF-8 LANG=en_US.UTF-8 LANGUAGE=en_US.UTF-8 DEVTOOLSET_ROOTPATH=$toolset LD_LIBRARY_PATH=$libraries" \
  --change "ENV PATH=/opt/clang/bin:$toolset/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
  --change "ENV PKG_CONFIG_PATH=/usr/local/lib/pkgconfig PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE=1 SSL_CERT_FILE=/opt/_internal/certs.pem" \
  --change 'ENTRYPOINT ["manylinux-entrypoint"]' --change 'CMD ["/bin/bash"]' - "$image"
