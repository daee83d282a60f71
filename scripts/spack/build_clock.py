"""Sets the clock of build scripts ahead: what a phase of a package starts is preloaded with datefudge's library.

Spack itself, its downloads and the times of files keep the true clock. Recipes' own Python does, too, and programs that
are linked statically.
"""

import functools
import os

VARIABLE = "SPACK_BUILD_CLOCK"


def begin():
    """Takes what `scripts/build/clock.ts` has set, `SECONDS LIBRARY`, away from build scripts and acts on it."""
    wanted = os.environ.pop(VARIABLE, None)
    if wanted is None:
        return
    import spack.builder

    seconds, library = wanted.split(" ", 1)
    execute = spack.builder.InstallationPhase.execute

    @functools.wraps(execute)
    def execute_later(self):
        # Only now: Spack removes it when it sets up a build's environment.
        os.environ.update(LD_PRELOAD=library, DATEFUDGE=f"-{seconds}")
        try:
            return execute(self)
        finally:
            for name in ("LD_PRELOAD", "DATEFUDGE"):
                os.environ.pop(name, None)

    spack.builder.InstallationPhase.execute = execute_later
