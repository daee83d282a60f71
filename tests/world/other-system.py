"""Concretizes an environment as on a machine with another operating system, without installing anything.

Run by Spack: `spack python other-system.py SYSTEM FOLDER [OPTION...]`. SYSTEM is {"os": ["rocky", "8"], "glibc": "2.28"};
Spack then finds these on its host and from every compiler. OPTIONs are those of `spack concretize`.
"""

import json
import sys

import spack.compilers.libraries
import spack.environment
import spack.main
import spack.platforms
import spack.spec
import spack.util.libc
from spack.operating_systems import OperatingSystem


def main(system, folder, *options):
    system = json.loads(system)
    platform = spack.platforms.host()
    name = OperatingSystem(*system["os"])
    platform.default_os = str(name)
    platform.operating_sys = {str(name): name}

    def libc(*_):
        spec = spack.spec.Spec("glibc@={0}".format(system["glibc"]))
        spec.external_path = "/usr"
        return spec

    spack.util.libc.libc_from_current_python_process = libc
    spack.compilers.libraries.CompilerPropertyDetector.default_libc = libc
    with spack.environment.Environment(folder):
        print(spack.main.SpackCommand("concretize")(*options))


main(*sys.argv[1:])
