"""Checks whether externals of an environment are on this machine; writes JSON to a file.

Run by Spack: `spack python external_state.py IN OUT`. IN is a list of `{"spec", "prefix"}`; OUT receives one state for
each: `here`, `missing`, `unknown` if Spack cannot detect it, or the versions found instead.
"""

import glob
import json
import os
import subprocess
import sys

import spack.detection
import spack.repo
import spack.spec
import spack.version

# Prints the version of a Python distribution, whose name is the package's without "py-".
FIND_DISTRIBUTION = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"


def main(in_file, out_file):
    with open(in_file, encoding="utf-8") as f:
        externals = json.load(f)
    with open(out_file, "w", encoding="utf-8") as f:
        json.dump([state_of(**external) for external in externals], f)


def state_of(spec, prefix):
    try:
        wanted = spack.spec.Spec(spec)
    except Exception:
        return "unknown"
    name = wanted.name
    if not name or not spack.repo.PATH.exists(name):
        return "unknown"
    try:
        versions = find_distribution(name, prefix) if name.startswith("py-") else find_program(name, prefix)
    except Exception:
        # The recipe cannot be read, or Spack cannot express the version.
        return "unknown"
    if versions is None:
        return "unknown"
    if not versions:
        return "missing"
    if any(version.satisfies(wanted.versions) for version in versions):
        return "here"
    return ", ".join(str(version) for version in versions)


def find_program(name, prefix):
    recipe = spack.repo.PATH.get_pkg_class(name)
    if not hasattr(recipe, "executables") and not hasattr(recipe, "libraries"):
        return None
    folders = [os.path.join(prefix, folder) for folder in ("bin", "sbin", "lib", "lib64")]
    folders += glob.glob(os.path.join(prefix, "lib/*-linux-gnu"))
    found = spack.detection.by_path([name], path_hints=folders, max_workers=1)
    # Version ranges, not concrete versions in Spack's sense: `1.0.8` may be the beginning of a version.
    texts = {str(spec.versions).lstrip("=") for specs in found.values() for spec in specs}
    return [spack.version.Version(text) for text in sorted(texts)]


def find_distribution(name, prefix):
    python = os.path.join(prefix, "bin/python3")
    command = [python, "-c", FIND_DISTRIBUTION, name[len("py-") :]]
    try:
        found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    except OSError:
        return []
    # `2.1.0+cpu` is a build of 2.1.0; versions in Spack have no `+`.
    return [spack.version.Version(found.stdout.strip().partition("+")[0])] if found.returncode == 0 else []


main(*sys.argv[1:])
