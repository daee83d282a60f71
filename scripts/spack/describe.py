"""Describes the specs of the active environment as JSON in a file.

Run by Spack: `spack -e ENV python describe.py PLAN OUT`. PLAN lists DAG hashes, one per line. For these the output
has the package, and for these and the roots the run environment.
"""

import json
import os
import sys

import spack.environment as ev
import spack.user_environment as uenv

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))

from environment_specs import specs_of  # noqa: E402
from recipe_facts import describe_package  # noqa: E402

# PATH of a shell in an image before anything is loaded.
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

FORMAT = (
    "{name}{@version}{variants}{compiler_flags}"
    "{ platform=architecture.platform}{ os=architecture.os}{ target=architecture.target}"
)


def main(plan_file, out_file):
    with open(plan_file, encoding="utf-8") as f:
        planned = set(f.read().split())
    specs, packages = [], {}
    environment = ev.active_environment()
    roots = {spec.dag_hash() for spec in environment.concrete_roots()}
    for spec in specs_of(environment):
        if spec.external:
            continue
        is_planned = spec.dag_hash() in planned
        specs.append(describe_spec(spec, is_planned, is_planned or spec.dag_hash() in roots))
        if is_planned and spec.name not in packages:
            packages[spec.name] = describe_package(type(spec.package))
    with open(out_file, "w", encoding="utf-8") as f:
        json.dump({"specs": specs, "packages": list(packages.values())}, f)


def describe_spec(spec, is_planned, with_environment):
    installed = bool(spec.installed)
    return {
        "name": spec.name,
        "hash": spec.dag_hash(),
        "spec": spec.format(FORMAT),
        "state": "missing" if not installed else "built" if is_built(spec, is_planned) else "reused",
        "environment": run_environment(spec) if with_environment and installed else {},
    }


def is_built(spec, is_planned):
    # Rewired here from a binary of its build spec, whether that was built here or not.
    if spec.build_spec is not spec:
        return is_planned
    # Only a prefix that was unpacked from a binary has this file, which is in every tarball.
    return not os.path.exists(os.path.join(str(spec.prefix), ".spack", "binary_distribution"))


def run_environment(spec):
    """Returns the variables that `spack load --sh` would set."""
    variables = {"PATH": BASE_PATH}
    try:
        uenv.environment_modifications_for_specs(spec).apply_modifications(variables)
    except Exception as error:  # a recipe's own code
        print(f"no run environment of {spec.name}: {error}", file=sys.stderr)
        return {}
    return {name: value for name, value in variables.items() if isinstance(value, str)}


main(*sys.argv[1:])
