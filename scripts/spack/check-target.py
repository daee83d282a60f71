"""Prints nothing when this machine can run code for a microarchitecture, else this machine's own."""

import sys

try:
    from spack.vendor.archspec import cpu
except ImportError:  # Spack 1.0 and 1.1
    from archspec import cpu

host = cpu.host()
if sys.argv[1] != host.name and sys.argv[1] not in [one.name for one in host.ancestors]:
    print(host.name)
