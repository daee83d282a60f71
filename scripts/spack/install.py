"""Installs the active environment like `spack install --only-concrete`, and records what happens.

Run by Spack: `spack -e ENV python install.py EVENTS INSTALLER FLAG...`. EVENTS is the file that install_events.py
describes; INSTALLER is new, old or auto; flags are those of `spack install`.
"""

import argparse
import os
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))

import install_events  # noqa: E402
from environment_specs import has_splices  # noqa: E402

import spack  # noqa: E402
import spack.cmd.install  # noqa: E402
import spack.config  # noqa: E402
import spack.environment as ev  # noqa: E402
import spack.error  # noqa: E402
import spack.installer  # noqa: E402


# First version whose new installer is no longer experimental.
NEW_INSTALLER_SINCE = (1, 2)


def main(events, installer, *flags):
    open_input()
    install_events.record(events)
    if has_splices(ev.active_environment()):
        # The new installer does not rewire, and would build specs missing from the cache without their build
        # dependencies.
        print("the old installer is used: the environment has spliced specs", file=sys.stderr)
        if spack.spack_version_info[:2] < (1, 2):
            expect_build_specs()
        install("old", flags)
        return
    if installer == "old" or (installer == "auto" and spack.spack_version_info[:2] < NEW_INSTALLER_SINCE):
        install("old", flags)
        return
    try:
        install("new", flags)
    except NotImplementedError as error:
        # Raised before it begins, for options that only the old installer supports: --test, --fail-fast,
        # --source.
        if installer != "auto":
            raise spack.error.SpackError(f"the new installer cannot do this: {error}; set installer to auto") from error
        print(f"the old installer is used: {error}", file=sys.stderr)
        install("old", flags)


def install(installer, flags):
    spack.config.set("config:installer", installer, scope="command_line")
    parser = argparse.ArgumentParser(prog="spack install")
    spack.cmd.install.setup_parser(parser)
    # This is an option of `spack` itself.
    parser.set_defaults(verbose=False)
    spack.cmd.install.install(parser, parser.parse_args(["--only-concrete", *flags]))


def expect_build_specs():
    """Makes Spack 1.0 and 1.1 build a spliced spec whose build spec is missing; they would take it for installed."""
    unpack = spack.installer._process_binary_cache_tarball

    def unpack_or_raise(pkg, *args, **kwargs):
        found = unpack(pkg, *args, **kwargs)
        if not found and pkg.spec.spliced:
            raise spack.error.SpackError(f"the build spec of {pkg.spec.name} is in no cache")
        return found

    spack.installer._process_binary_cache_tarball = unpack_or_raise


def open_input():
    """Replaces standard input: the new installer polls it, which fails for files and for /dev/null."""
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(0):
        return
    reader, writer = os.pipe()
    os.dup2(reader, 0)
    os.close(reader)
    # The pipe stays open: at its end the installer would poll it without pause.
    os.set_inheritable(writer, False)


main(*sys.argv[1:])
