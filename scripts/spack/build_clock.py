"""Sets the clock of build scripts ahead by preloading datefudge's library into all programs of a build phase.

Spack itself, its downloads and file times keep the true clock. So do the recipes' own Python code and statically
linked programs.
"""

import functools
import os

VARIABLE = "SPACK_BUILD_CLOCK"


def begin():
    """Applies the variable `SECONDS LIBRARY` that `scripts/build/machine.ts` sets, and hides it from build scripts."""
    wanted = os.environ.pop(VARIABLE, None)
    if wanted is None:
        return
    import spack.builder

    seconds, library = wanted.split(" ", 1)
    execute = spack.builder.InstallationPhase.execute

    @functools.wraps(execute)
    def execute_later(self):
        # Set only here, since Spack removes it when it sets up a build's environment.
        os.environ.update(LD_PRELOAD=library, DATEFUDGE=f"-{seconds}")
        try:
            return execute(self)
        finally:
            for name in ("LD_PRELOAD", "DATEFUDGE"):
                os.environ.pop(name, None)

    spack.builder.InstallationPhase.execute = execute_later
