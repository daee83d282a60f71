"""Pushes specs of the active environment like `spack buildcache push --unsigned --only package`, even spliced ones.

Run by Spack: `spack -e ENV python push.py FOLDER HASHES`. HASHES is a file of DAG hashes, one per line.

The command takes specs from the database of installed specs, which does not have the build spec of a spliced one: the
spec file that it writes then does not match its hash. Here the specs are those of the environment.
"""

import os
import sys

import spack.binary_distribution
import spack.environment as ev
import spack.mirrors.mirror

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))

from environment_specs import specs_of  # noqa: E402


def main(folder, hashes_file):
    with open(hashes_file, encoding="utf-8") as f:
        wanted = set(f.read().split())
    specs = [
        spec
        for spec in specs_of(ev.active_environment())
        if spec.dag_hash() in wanted and spec.installed and spec.package.redistribute_binary
    ]
    mirror = spack.mirrors.mirror.Mirror.from_local_path(os.path.abspath(folder))
    with spack.binary_distribution.make_uploader(mirror) as uploader:
        uploader.push_or_raise(specs)


main(*sys.argv[1:])
