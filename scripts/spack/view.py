"""Creates the view of the active environment in a folder.

Run by Spack: `spack -e ENV python view.py FOLDER OUT`. Writes to OUT, as JSON, the variables that a shell needs to use
the view, or the reason why there is none.
"""

import json
import sys

import spack.environment as ev
import spack.error
import spack.util.environment as util
from spack.llnl.util.link_tree import ConflictingSpecsError, MergeConflictError

# PATH of a shell in an image before anything is loaded.
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main(folder, out_file):
    environment = ev.active_environment()
    try:
        result = {"view": make_view(environment, folder)}
    except (spack.error.SpackError, MergeConflictError) as error:
        result = {"viewProblem": describe(error)}
    with open(out_file, "w", encoding="utf-8") as f:
        json.dump(result, f)


def make_view(environment, folder):
    environment.update_default_view(folder)
    environment.default_view.regenerate(environment.concrete_roots())
    variables = {"PATH": BASE_PATH}
    changes = util.EnvironmentModifications()
    environment.add_view_to_env(changes, "default").apply_modifications(variables)
    return {name: value for name, value in variables.items() if isinstance(value, str)}


def describe(error):
    """Describes an error. Spack's own message for conflicts ends with advice that applies only to optional views."""
    cause = error.__cause__
    if isinstance(cause, ConflictingSpecsError):
        first, second = (spec.format("{name}@{version}/{hash:7}") for spec in cause.args)
        return f"{first} and {second} have the same path in it"
    return " ".join(str(error).split())


main(*sys.argv[1:])
