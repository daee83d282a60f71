"""Says which variables a shell needs to use the view of the active environment, as JSON in a file.

Run by Spack: `spack -e ENV python view.py OUT`, after `spack -e ENV env view enable FOLDER`.
"""

import json
import sys

import spack.environment as ev
import spack.util.environment as util

# What a shell in an image has before anything is loaded.
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main(out_file):
    variables = {"PATH": BASE_PATH}
    environment = ev.active_environment()
    changes = util.EnvironmentModifications()
    environment.add_view_to_env(changes, "default").apply_modifications(variables)
    told = {name: value for name, value in variables.items() if isinstance(value, str)}
    with open(out_file, "w", encoding="utf-8") as f:
        json.dump(told, f)


main(*sys.argv[1:])
