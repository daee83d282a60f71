"""Says what the recipes of this Spack make of specs that were solved with others, as JSON in a file.

Run by Spack: `spack python recipe_state.py NODES OUT`. NODES is {"nodes": [node, ...]}, nodes as in a spec file, each
with all that it depends on. One process for all of them: reading the recipes is what takes time.

    {"states": {"<hash>": {"state": "known" | "no recipe" | "no version" | "deprecated", "package_hash": H or null,
                           "newest": version, "reason": text, "shared": [files of build_systems that it uses]}},
     "packages": [{as describe_package says, "deprecated": [as deprecated_versions says]}]}
"""

import json
import os
import sys

import spack.error
import spack.repo
import spack.spec

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))

from recipe_facts import deprecated_versions, describe_package, is_deprecated  # noqa: E402

ROOT = "refresh-root"
FAKE_HASH = "a" * 32


def main(nodes_file, out_file):
    with open(nodes_file, encoding="utf-8") as f:
        nodes = json.load(f)["nodes"]
    states, packages = {}, {}
    for spec in read_specs(nodes):
        if spec.external:
            continue
        states[spec.dag_hash()] = describe(spec)
        if spec.name not in packages:
            packages[spec.name] = describe_recipe(spec)
    with open(out_file, "w", encoding="utf-8") as f:
        json.dump({"states": states, "packages": [one for one in packages.values() if one]}, f)


def read_specs(nodes):
    """All nodes at once, below one that depends on all of them: shared ones are read once."""
    if not nodes:
        return []
    edges = [
        {"name": n["name"], "hash": n["hash"], "parameters": {"deptypes": ["run"], "virtuals": []}} for n in nodes
    ]
    root = {
        "name": ROOT,
        "version": "1",
        "arch": nodes[0]["arch"],
        "namespace": "builtin",
        "parameters": {},
        "package_hash": "x",
        "dependencies": edges,
        "annotations": {"original_specfile_version": 5},
        "hash": FAKE_HASH,
    }
    spec = spack.spec.Spec.from_dict({"spec": {"_meta": {"version": 5}, "nodes": [root, *nodes]}})
    found = {one.dag_hash(): one for edge in spec.edges_to_dependencies() for one in [edge.spec]}
    return list(found.values())


def describe_recipe(spec):
    """None where there is no recipe, or one that cannot be read."""
    try:
        recipe = spack.repo.PATH.get_pkg_class(spec.fullname)
        return dict(describe_package(recipe), deprecated=deprecated_versions(recipe))
    except Exception as error:  # a recipe's own code
        print(f"{spec.name}: {str(error)[:300]}", file=sys.stderr)
        return None


def describe(spec):
    try:
        recipe = spack.repo.PATH.get_pkg_class(spec.fullname)
    except (spack.error.SpackError, spack.repo.RepoError) as error:
        return {"state": "no recipe", "package_hash": None, "newest": "", "reason": str(error)[:300], "shared": []}
    newest = newest_version(recipe)
    shared = shared_files(recipe)
    facts = recipe.versions.get(spec.version)
    if facts is None and "runtime" in (getattr(recipe, "tags", None) or []):
        # Compilers' runtime libraries have the version of whatever compiler is found.
        facts, newest = {}, str(spec.version)
    if facts is None:
        return {"state": "no version", "package_hash": None, "newest": newest, "reason": "", "shared": shared}
    try:
        package_hash = spec.package.content_hash()
    except Exception:  # a patch that is gone, or the recipe's own code
        package_hash = None
    return {
        "state": "deprecated" if is_deprecated(facts) else "known",
        "package_hash": package_hash,
        "newest": newest,
        "reason": reason_of(recipe, spec.version),
        "shared": shared,
    }


def reason_of(recipe, version):
    """What the recipe says against a version: its reason, or the CVE ids beside it."""
    for one in deprecated_versions(recipe):
        if one["version"] == str(version):
            return one["reason"] or ", ".join(one["cves"])
    return ""


def shared_files(recipe):
    """The build systems that a recipe's module uses, directly or not."""
    prefix = "spack_repo.builtin.build_systems."
    found, open_modules = set(), [recipe.__module__, *(cls.__module__ for cls in recipe.__mro__)]
    while open_modules:
        module = sys.modules.get(open_modules.pop())
        for value in list(vars(module).values()) if module else []:
            name = getattr(value, "__module__", None) or getattr(value, "__name__", None)
            if isinstance(name, str) and name.startswith(prefix) and name not in found:
                found.add(name)
                open_modules.append(name)
    return sorted(name[len(prefix) :].split(".")[0] + ".py" for name in found)


def newest_version(recipe):
    """The version that the solver likes best when nothing else is asked for."""
    best = None
    for version, facts in recipe.versions.items():
        if is_deprecated(facts):
            continue
        key = (bool(facts.get("preferred", False)), not version.isdevelop(), version)
        if best is None or key > best[0]:
            best = (key, version)
    return "" if best is None else str(best[1])


main(*sys.argv[1:])
