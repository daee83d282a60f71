"""Reports the state of concrete specs in the recipes of this Spack, as JSON in a file.

Run by Spack: `spack python recipe_state.py INDEX OUT`. INDEX is that of a build cache. A single process handles all of
its specs: reading the recipes takes most of the time.

    {"states": {"<hash>": {"state": "known" | "no recipe" | "no version" | "deprecated", "package_hash": H or null,
                           "newest": version, "reason": text, "shared": [files of build_systems that it uses],
                           "imports": [folders of other packages that it uses]}},
     "packages": [{result of describe_package, "deprecated": [result of deprecated_versions]}]}

A spec has no state if its recipe is in a missing repository or cannot be loaded.
"""

import ast
import json
import multiprocessing
import os
import pathlib
import re
import sys
import tempfile

import spack.binary_distribution
import spack.repo

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))

from recipe_facts import deprecated_versions, describe_package, is_deprecated, read_source  # noqa: E402

BUILTIN = "spack_repo.builtin."
# Specs of each package. Worker processes inherit them as copies of this process.
GROUPS = []


def main(index_file, out_file):
    groups = {}
    namespaces = {None, *(repo.namespace for repo in spack.repo.PATH.repos)}
    for spec in read_specs(index_file):
        if not spec.external and spec.namespace in namespaces:
            groups.setdefault(spec.fullname, []).append(spec)
    # The largest first, so that no process is still busy with one at the end.
    GROUPS.extend(sorted(groups.values(), key=len, reverse=True))
    avoid_index_of_providers()
    states, packages = {}, []
    for group_states, package in describe_groups():
        states.update(group_states)
        if package:
            packages.append(package)
    with open(out_file, "w", encoding="utf-8") as f:
        json.dump({"states": states, "packages": packages}, f)


def avoid_index_of_providers():
    """Treats every name without a recipe as virtual. Spack would read all recipes to find out, which takes minutes."""
    ask = spack.repo.PATH.is_virtual
    spack.repo.PATH.is_virtual = lambda name, use_index=True: ask(name, use_index=False)


def describe_groups():
    """Describes all groups, in one process per core where processes can be forked."""
    numbers = range(len(GROUPS))
    if not sys.platform.startswith("linux"):
        yield from map(describe_group, numbers)
        return
    with multiprocessing.get_context("fork").Pool(len(os.sched_getaffinity(0))) as pool:
        yield from pool.imap_unordered(describe_group, numbers)


def describe_group(number):
    """Returns the states of a package's specs by hash, and its description: None if its recipe is missing or broken."""
    specs = GROUPS[number]
    try:
        recipe = spack.repo.PATH.get_pkg_class(specs[0].fullname)
    except Exception as error:  # a recipe's own code, too
        if os.path.exists(spack.repo.PATH.filename_for_package_name(specs[0].fullname)):
            print(f"{specs[0].fullname}: its recipe cannot be loaded: {str(error)[:300]}", file=sys.stderr)
            return {}, None
        missing = {"package_hash": None, "newest": "", "reason": str(error)[:300], "shared": [], "imports": []}
        return {spec.dag_hash(): {"state": "no recipe", **missing} for spec in specs}, None
    try:
        package = dict(describe_package(recipe), deprecated=deprecated_versions(recipe))
    except Exception as error:
        print(f"{recipe.name}: {str(error)[:300]}", file=sys.stderr)
        package = None
    common = {"newest": newest_version(recipe), **shared_files(recipe)}
    hashes = PackageHashes(recipe)
    return {spec.dag_hash(): {**common, **describe(spec, recipe, package, hashes)} for spec in specs}, package


class PackageHashes:
    """
    Package hashes of specs of one package. Spack parses the recipe again for each of them, but the result depends
    only on the version and the patches, unless a method has a condition.
    """

    def __init__(self, recipe):
        self.has_conditions = re.search(r"@\s*[\w.]*when\b", read_source(recipe) or "@when") is not None
        self.recipe = recipe
        self.known = {}

    def of(self, spec):
        """Returns the hash of a spec, or None if it cannot be computed, such as when a patch no longer exists."""
        patches = spec.variants["patches"].value if "patches" in spec.variants else ()
        key = spec.dag_hash() if self.has_conditions else (str(spec.version), tuple(patches), "dev_path" in spec.variants)
        if key not in self.known:
            try:
                self.known[key] = spec.package.content_hash() if self.find_patches(spec, set(patches)) else None
            except Exception:  # a recipe's own code, too
                self.known[key] = None
        return self.known[key]

    def find_patches(self, spec, wanted):
        """
        Whether all patches of a spec are still in its recipe, or in those of its dependents. Spack would look them up
        in an index of all recipes, which takes minutes to create.
        """
        lists = list(self.recipe.patches.values())
        for parent in spec.dependents() if wanted else []:
            for by_name in spack.repo.PATH.get_pkg_class(parent.fullname).dependencies.values():
                lists += [patches for rule in by_name.values() if rule.spec.name == spec.name
                          for patches in rule.patches.values()]
        found = {patch.sha256: patch for patches in lists for patch in patches} if wanted else {}
        if not wanted.issubset(found):
            return False
        spec._patches = [found[one] for one in wanted]
        return True


def read_specs(index_file):
    """Reads the specs with Spack's own reader, which supports several builds of a package and reads shared nodes once."""
    with tempfile.TemporaryDirectory() as root:
        database = spack.binary_distribution.BuildCacheDatabase(root)
        database._read_from_file(pathlib.Path(index_file))
        return [record.spec for record in database._data.values()]


def describe(spec, recipe, package, hashes):
    facts = recipe.versions.get(spec.version)
    own = {}
    if facts is None and "runtime" in (getattr(recipe, "tags", None) or []):
        # Compilers' runtime libraries have the version of the compiler that is found.
        facts, own = {}, {"newest": str(spec.version)}
    if facts is None:
        return {"state": "no version", "package_hash": None, "reason": ""}
    if not is_deprecated(facts):
        return {"state": "known", "package_hash": hashes.of(spec), "reason": "", **own}
    return {"state": "deprecated", "package_hash": hashes.of(spec), "reason": reason_of(package, spec.version), **own}


def reason_of(package, version):
    """Returns the recipe's reason against a version, or the CVE ids next to it."""
    for one in package["deprecated"] if package else []:
        if one["version"] == str(version):
            return one["reason"] or ", ".join(one["cves"])
    return ""


def shared_files(recipe):
    """
    Returns the modules of the builtin repository that a recipe imports, directly or not: files of build_systems, such as
    `autotools.py`, and other packages.
    """
    found, open_modules = {"build_systems": set(), "packages": set()}, [recipe.__module__]
    seen = set(open_modules)
    while open_modules:
        for name in imports_of(open_modules.pop()):
            kind, _, rest = name[len(BUILTIN) :].partition(".")
            if not name.startswith(BUILTIN) or kind not in found or not rest or name in seen:
                continue
            seen.add(name)
            found[kind].add(rest.split(".")[0])
            open_modules.append(name)
    found["packages"].discard(recipe.__module__[len(BUILTIN) :].split(".")[1])
    return {
        "shared": [f"{name}.py" for name in sorted(found["build_systems"])],
        "imports": sorted(found["packages"]),
    }


def imports_of(module):
    """Yields the full names of all modules, and of possible modules, that a loaded module imports."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file or not file.endswith(".py"):
        return
    with open(file, encoding="utf-8") as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module.split(".")[: -node.level]) if node.level else ""
            name = ".".join(filter(None, [base, node.module]))
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def newest_version(recipe):
    """Returns the version that the solver prefers by default."""
    best = None
    for version, facts in recipe.versions.items():
        if is_deprecated(facts):
            continue
        key = (bool(facts.get("preferred", False)), not version.isdevelop(), version)
        if best is None or key > best[0]:
            best = (key, version)
    return "" if best is None else str(best[1])


main(*sys.argv[1:])
