"""Reads the index of a build cache with Spack's own reader, as a client does, and prints the number of binaries.

Run by `spack python read_index.py INDEX`. Exits with 1 and the reason in one line when Spack cannot read it.
"""

import pathlib
import sys
import tempfile

import spack.binary_distribution
import spack.enums


def main(index):
    with tempfile.TemporaryDirectory() as root:
        database = spack.binary_distribution.BuildCacheDatabase(root)
        database._read_from_file(pathlib.Path(index))
        found = database.query_local(installed=spack.enums.InstallRecordStatus.ANY)
        print(sum(database._data[spec.dag_hash()].in_buildcache for spec in found))


try:
    main(sys.argv[1])
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}".replace("\n", " "))
